import { orAbort } from "../transport/abort.ts";

interface Waiter {
  readonly amount: number;
  readonly turn: PromiseWithResolvers<void>;
}

/**
 * A bound shared by concurrent work: each takes its amount before it begins and gives it back when it is over. First
 * come, first served, so a big one is not starved by small ones.
 */
export class Budget {
  readonly #capacity: number;
  readonly #waiting: Waiter[] = [];
  #taken = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Waits for room and takes it. More than the whole budget counts as the whole budget: it runs alone.
   *
   * @returns gives the amount back; a second call does nothing
   * @throws the signal's reason; then nothing is taken
   */
  async take(amount: number, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const needed = Math.min(amount, this.#capacity);
    if (this.#waiting.length > 0 || this.#taken + needed > this.#capacity) {
      const waiter = { amount: needed, turn: Promise.withResolvers<void>() };
      this.#waiting.push(waiter);
      try {
        await orAbort(waiter.turn.promise, signal);
      } catch (reason) {
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        else this.#give(needed);
        this.#admit();
        throw reason;
      }
    } else {
      this.#taken += needed;
    }
    let held = true;
    return () => {
      if (held) this.#give(needed);
      held = false;
    };
  }

  #give(amount: number): void {
    this.#taken -= amount;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken + next.amount > this.#capacity) return;
      this.#waiting.shift();
      this.#taken += next.amount;
      next.turn.resolve();
    }
  }
}
