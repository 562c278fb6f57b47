/** How every client of this package is opened: the SDK has no time limits of its own, and signs with its default chain of credentials. */
export const clientOptions = (region: string) => ({
  region,
  // Nothing here is repeated blindly that could be done twice: change sets have names, the rest is idempotent.
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
});

/** What `send` of a client takes beside the command. */
export interface Sending {
  readonly abortSignal?: AbortSignal;
}

/** {@link Sending} that a signal ends. */
export const sending = (signal: AbortSignal | undefined): Sending =>
  signal === undefined ? {} : { abortSignal: signal };
