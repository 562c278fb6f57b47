import type { Child } from "./work.ts";

/** Expected ends are kept to this many milliseconds: what is planned with them is no finer. */
const STEP_MS = 50;

/** When the slots of a profile are expected to be free again, counted in steps of time, so that its size does not grow with the slots. */
export class Outlook {
  readonly #ends = new Map<number, number>();
  readonly #of = new Map<Child, number>();

  /** A child took a slot and is expected to be over at `at`. */
  expect(child: Child, at: number): void {
    const step = Math.ceil(at / STEP_MS);
    this.#of.set(child, step);
    this.#ends.set(step, (this.#ends.get(step) ?? 0) + 1);
  }

  /** A child gave its slot back. */
  forget(child: Child): void {
    const step = this.#of.get(child);
    if (step === undefined) return;
    this.#of.delete(child);
    const left = (this.#ends.get(step) ?? 0) - 1;
    if (left > 0) this.#ends.set(step, left);
    else this.#ends.delete(step);
  }

  /** When each child should be over, the first one first. */
  ends(): readonly number[] {
    const steps = [...this.#ends].sort(([left], [right]) => left - right);
    return steps.flatMap(([step, children]) => new Array<number>(children).fill(step * STEP_MS));
  }

  /** How many children should be over by `until`, those that should have been before among them. */
  endingBy(until: number): number {
    let count = 0;
    for (const [step, children] of this.#ends) if (step * STEP_MS <= until) count += children;
    return count;
  }

  /**
   * How many of `ready` tasks a slot that is free now gets when each next task goes to whichever slot is free first (a list schedule): more than an equal share of
   * them, where the others are busy for long. At least 1.
   *
   * @param free slots that are free now
   * @param laterMs what a child that is late may still take
   */
  share(input: {
    readonly now: number;
    readonly ready: number;
    readonly free: number;
    readonly meanMs: number;
    readonly laterMs: number;
  }): number {
    const { now, ready, free, meanMs, laterMs } = input;
    const busy = [...this.#ends].sort(([left], [right]) => left - right);
    // Fills the slots like water: up to the time at which all tasks would be done, if no slot that is free later took part.
    let slots = free;
    let sum = 0;
    let level = slots > 0 ? (ready * meanMs) / slots : Number.POSITIVE_INFINITY;
    for (const [step, children] of busy) {
      const inMs = Math.max(laterMs, step * STEP_MS - now);
      if (inMs >= level) break;
      slots += children;
      sum += inMs * children;
      level = (ready * meanMs + sum) / slots;
    }
    return Math.max(1, Math.ceil(level / meanMs - 1e-9));
  }
}
