/** A time limit and the signals beside it, as one signal. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * The time limits of all calls under way, which end together when their owner does. Linked by hand: `AbortSignal.any`
 * keeps weak references to be collected, which for thousands of short calls is most of their cost.
 */
export class Deadlines {
  readonly #live = new Set<AbortController>();

  /**
   * Starts a time limit. The reason is made when it passes, for only then is it known what was missing.
   * Dispose it when the work is over, or its timer keeps the process.
   *
   * @param signal ends the work as well
   */
  start(timeoutMs: number, reason: () => Error, signal: AbortSignal | undefined): Deadline {
    const limit = new AbortController();
    this.#live.add(limit);
    const timer = setTimeout(() => limit.abort(reason()), timeoutMs);
    const onAbort = (): void => limit.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort);
    return {
      signal: limit.signal,
      [Symbol.dispose]: () => {
        this.#live.delete(limit);
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      },
    };
  }

  /** Ends all. */
  abort(reason: Error): void {
    for (const limit of this.#live) limit.abort(reason);
  }
}
