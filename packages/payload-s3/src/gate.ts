import { type AbortOptions, untilAborted } from "@scaler-aws-hpc/adapter-core";

/** Requests at once below which a service that asks to slow down does not bring the gate. */
const LEAST = 4;
/** Requests that must go well before one more is let in at once. */
const GROW_AFTER = 20;

/**
 * Bounds the requests under way, first come, first served. What waits here holds no socket and no time-out runs. A service that asks to slow
 * down halves the bound; requests that go well raise it again, by one for every twenty.
 */
export class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #bound: number;
  #under = 0;
  #good = 0;
  #era = 0;

  /** @param most requests at once, at most. */
  constructor(most: number) {
    this.#most = most;
    this.#bound = most;
  }

  /** How many may be under way now. */
  get bound(): number {
    return this.#bound;
  }

  /** Changes with the bound's fall: a request remembers in which era it was sent. */
  get era(): number {
    return this.#era;
  }

  /** Runs `work` when it is its turn; an abort while it waits rejects with the signal's reason. */
  async run<T>(work: () => Promise<T>, options?: AbortOptions): Promise<T> {
    if (this.#under >= this.#bound || this.#waiting.length > 0) await this.#turn(options);
    else this.#under += 1;
    try {
      return await work();
    } finally {
      this.#under -= 1;
      this.#next();
    }
  }

  /** The service asked to slow down, in answer to a request of this era. Those that were sent before the last fall say nothing new. */
  slower(era: number): void {
    if (era !== this.#era) return;
    this.#era += 1;
    this.#bound = Math.max(Math.min(LEAST, this.#most), Math.floor(this.#bound / 2));
    this.#good = 0;
  }

  /** A request went well. */
  well(): void {
    if (this.#bound === this.#most) return;
    this.#good += 1;
    if (this.#good < GROW_AFTER) return;
    this.#good = 0;
    this.#bound += 1;
    this.#next();
  }

  async #turn(options?: AbortOptions): Promise<void> {
    let enter = (): void => undefined;
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
    });
    this.#waiting.push(enter);
    try {
      await untilAborted(entered, options?.signal);
    } catch (reason) {
      const at = this.#waiting.indexOf(enter);
      if (at >= 0) this.#waiting.splice(at, 1);
      else {
        // Its turn came in the same moment.
        this.#under -= 1;
        this.#next();
      }
      throw reason;
    }
  }

  #next(): void {
    while (this.#under < this.#bound) {
      const enter = this.#waiting.shift();
      if (enter === undefined) return;
      this.#under += 1;
      enter();
    }
  }
}
