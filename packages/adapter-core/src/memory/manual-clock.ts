import type { AbortOptions } from "../contracts/abort-options.ts";
import type { Clock } from "../contracts/host.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

// What one step sets going may take some turns of the event loop: promises, files, immediates.
const SETTLE_TURNS = 6;

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;
  #order = 0;

  now(): number {
    return this.#now;
  }

  sleep(ms: number, options?: AbortOptions): Promise<void> {
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#timers.delete(timer);
        reject(signal?.reason);
      };
      const fire = (): void => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire };
      this.#timers.add(timer);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Sleeps that wait. */
  get sleeping(): number {
    return this.#timers.size;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves on by `ms`, waking sleepers in order; what each sets going happens before the next wakes. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    for (;;) {
      const next = [...this.#timers].sort((left, right) => left.at - right.at || left.order - right.order)[0];
      if (next === undefined || next.at > until) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.fire();
      await this.settle();
    }
    this.#now = until;
  }

  /** Moves on in small steps until `done` says so. @throws {Error} when `limitMs` pass first */
  async until(done: () => boolean, limitMs = 120_000): Promise<void> {
    await this.settle();
    for (let passed = 0; !done(); passed += 10) {
      if (passed >= limitMs) throw new Error(`waited ${limitMs} ms of manual time in vain`);
      await this.advance(10);
    }
  }
}
