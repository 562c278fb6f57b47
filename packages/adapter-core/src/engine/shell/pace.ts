import type { BackendTraits } from "../../contracts/backend.ts";

/** A slot that stands idle until its end is noticed costs as much of its child's time at most. */
const SHARE = 10;
/** Weight of the newest child in the mean. */
const NEWEST = 0.1;

/**
 * How long to wait between two looks at the backend and the store: a tenth of what a child runs or of the time in which nothing changed,
 * whichever is longer, within the backend's limits. So short tasks are noticed at once, and long ones cost few requests.
 */
export class Pace {
  readonly #leastMs: number;
  readonly #mostMs: number;
  #meanMs = 0;
  #changedAt = 0;

  constructor(traits: Pick<BackendTraits, "pollMs" | "pollMostMs" | "pushes">) {
    this.#leastMs = traits.pollMs;
    // A backend that pushes is asked for safety only.
    this.#mostMs = traits.pushes === true ? traits.pollMs : Math.max(traits.pollMs, traits.pollMostMs ?? traits.pollMs);
  }

  /** A child is over, after so many milliseconds of work. */
  ran(ms: number): void {
    this.#meanMs = this.#meanMs === 0 ? ms : this.#meanMs + (ms - this.#meanMs) * NEWEST;
  }

  /** A job was submitted, or a child did something. */
  changed(now: number): void {
    this.#changedAt = now;
  }

  /** Milliseconds from one round's start to the next one's. */
  periodMs(now: number): number {
    const quietMs = Math.max(0, now - this.#changedAt);
    return Math.min(this.#mostMs, Math.max(this.#leastMs, Math.max(this.#meanMs, quietMs) / SHARE));
  }
}
