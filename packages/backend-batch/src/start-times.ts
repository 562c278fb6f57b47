const KEPT = 32;

/** How long jobs typically take from submit to start: the lower quartile of the last ones, for waiting in a full queue is not starting. */
export class StartTimes {
  readonly #last: number[] = [];
  #typical: number;

  /** @param expectedMs until something has been measured */
  constructor(expectedMs: number) {
    this.#typical = expectedMs;
  }

  get typicalMs(): number {
    return this.#typical;
  }

  /** Takes in one job. */
  add(ms: number): void {
    if (!(ms >= 0)) return;
    this.#last.push(ms);
    if (this.#last.length > KEPT) this.#last.shift();
    const sorted = this.#last.toSorted((a, b) => a - b);
    this.#typical = sorted[Math.floor(sorted.length / 4)] ?? ms;
  }
}
