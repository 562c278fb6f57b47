import { isProtocolError, type ProtocolError, type ProtocolErrorCode } from "../protocol-error.ts";
import type { Address } from "./address.ts";
import { type BackoffOptions, backoffDelayMs } from "./backoff.ts";
import { connect } from "./connect.ts";
import type { Connection, ConnectOptions } from "./connection.ts";

/** Failures of `connect` that may pass by themselves; the others need a person. */
export const RETRYABLE: ReadonlySet<ProtocolErrorCode> = new Set<ProtocolErrorCode>([
  "unreachable",
  "closed",
  "timeout",
]);

/** Options of {@link connectWithRetry}. */
export interface RetryOptions extends ConnectOptions {
  readonly backoff?: BackoffOptions | undefined;
  /** Gives up after this many milliseconds with the last failure. @default never */
  readonly giveUpAfterMs?: number | undefined;
  /** Told of each failed try before the wait: for a log line. */
  readonly onRetry?: ((failure: ProtocolError, attempt: number, delayMs: number) => void) | undefined;
  /** A number in [0, 1) per call. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/**
 * `connect`, again and again with a growing, jittered wait, as long as the failure is one of {@link RETRYABLE}.
 *
 * @throws {ProtocolError} the first failure that will not pass, or the last one before `giveUpAfterMs`; the signal's reason.
 */
export async function connectWithRetry(target: string | Address, options: RetryOptions): Promise<Connection> {
  const started = performance.now();
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect(target, options);
    } catch (reason) {
      if (!isProtocolError(reason) || !RETRYABLE.has(reason.code)) throw reason;
      const delayMs = backoffDelayMs(attempt, (options.random ?? Math.random)(), options.backoff);
      const left = (options.giveUpAfterMs ?? Number.POSITIVE_INFINITY) - (performance.now() - started);
      if (delayMs >= left) throw reason;
      options.onRetry?.(reason, attempt, delayMs);
      await sleep(delayMs, options.signal);
    }
  }
}

/** Waits; rejects with the signal's reason. */
export async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
