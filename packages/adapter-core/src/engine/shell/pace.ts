import type { BackendTraits } from "../../contracts/backend.ts";

/** A slot stands idle for as much of its child's time at most before its end is noticed. */
const SHARE = 1 / 10;
/** Of children that run several tasks, which share the requests that this costs. */
const PACKED_SHARE = 1 / 20;
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
  #meanTasks = 1;
  #changedAt = 0;

  constructor(traits: Pick<BackendTraits, "pollMs" | "pollMostMs" | "pushes">) {
    this.#leastMs = traits.pollMs;
    // A backend that pushes is asked for safety only.
    this.#mostMs = traits.pushes === true ? traits.pollMs : Math.max(traits.pollMs, traits.pollMostMs ?? traits.pollMs);
  }

  /** A child is over, after so many milliseconds of work on so many tasks. */
  ran(ms: number, tasks: number): void {
    // One that gave nothing tells nothing.
    if (ms <= 0) return;
    this.#meanMs = this.#meanMs === 0 ? ms : this.#meanMs + (ms - this.#meanMs) * NEWEST;
    this.#meanTasks += (tasks - this.#meanTasks) * NEWEST;
  }

  /** A job was submitted, or a child did something. */
  changed(now: number): void {
    this.#changedAt = now;
  }

  /** Milliseconds from one round's start to the next one's. */
  periodMs(now: number): number {
    const quietMs = Math.max(0, now - this.#changedAt);
    const share = this.#meanTasks < 2 ? SHARE : PACKED_SHARE;
    return Math.min(this.#mostMs, Math.max(this.#leastMs, this.#meanMs * share, quietMs * SHARE));
  }
}
