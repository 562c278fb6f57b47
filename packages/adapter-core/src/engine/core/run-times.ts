/**
 * Measured run times per function, keyed by the digest of the function's bytes (its object id is new in every client). Keeps the functions
 * used last; the mean follows recent runs, so that a function whose inputs grow is not packed by what it once took.
 */
export class RunTimes {
  readonly #means = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity = 1_000) {
    this.#capacity = capacity;
  }

  /** Mean run time in milliseconds, or `undefined` for a function that never finished here. */
  mean(digest: string): number | undefined {
    return this.#means.get(digest);
  }

  /** Takes one run of `ms` milliseconds into account. */
  record(digest: string, ms: number): void {
    const mean = this.#means.get(digest);
    // A slower run counts at once and more than a faster one: a pack that takes too long hurts more than one that is too small.
    const weight = mean === undefined ? 1 : ms > mean ? 0.3 : 0.1;
    const next = mean === undefined ? ms : mean + weight * (ms - mean);
    this.#means.delete(digest);
    this.#means.set(digest, next);
    if (this.#means.size > this.#capacity) {
      const oldest = this.#means.keys().next().value;
      if (oldest !== undefined) this.#means.delete(oldest);
    }
  }
}
