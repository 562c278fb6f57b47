/** A time limit and other signals as one signal. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Starts a time limit. The reason is made when it passes, for only then is it known what was missing.
 * Dispose it when the work is over, or its timer keeps the process.
 */
export function deadline(
  timeoutMs: number,
  reason: () => Error,
  signals: readonly (AbortSignal | undefined)[],
): Deadline {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(reason()), timeoutMs);
  return {
    signal: AbortSignal.any([limit.signal, ...signals.filter((signal) => signal !== undefined)]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
