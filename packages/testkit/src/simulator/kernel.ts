import type { Coverage, Sometimes } from "./coverage.ts";
import type { Random } from "./random.ts";
import { Trace } from "./trace.ts";

/** Invariants of the promises to keep; `value`: a future got another result than its own task's; `spin`: the core asks to be woken without end. */
export type Invariant = "I1" | "I2" | "I3" | "I4" | "I5" | "I8" | "I9" | "I13" | "value" | "spin" | ClientInvariant;

/**
 * Of a client. `settles`: a promise without end; `named`: a failure that says nothing, or the wrong thing; `rules`: a frame that clients do not send then; `heartbeats`: too
 * rare, or a lost scheduler noticed late; `objects`: stored and not deleted, or deleted too early; `pending`: something is left after the end; `throws`: an error that
 * nobody catches.
 */
type ClientInvariant = "settles" | "named" | "rules" | "heartbeats" | "objects" | "pending" | "throws";

/** The first thing that was wrong in a run. */
export interface Breach {
  readonly invariant: Invariant;
  readonly message: string;
}

/** Something that will happen, unless it is cancelled. */
export interface Timer {
  readonly at: number;
  readonly order: number;
  action: (() => void) | undefined;
}

/** Virtual time, chance, and the record of one run. Nothing in a run takes time or chance from anywhere else. */
export class Kernel<What extends string = Sometimes> {
  readonly random: Random;
  readonly trace: Trace;
  readonly coverage: Coverage<What>;
  /** Milliseconds. */
  now = 0;
  breach: Breach | undefined;
  readonly #heap: Timer[] = [];
  #order = 0;

  constructor(random: Random, coverage: Coverage<What>, echo?: (line: string) => void) {
    this.random = random;
    this.coverage = coverage;
    this.trace = new Trace(echo);
  }

  after(delayMs: number, action: () => void): Timer {
    return this.at(this.now + delayMs, action);
  }

  /** At a moment that is not over; what is planned first for the same moment happens first. */
  at(time: number, action: () => void): Timer {
    const timer = { at: time, order: this.#order++, action };
    const heap = this.#heap;
    let place = heap.length;
    heap.push(timer);
    while (place > 0) {
      const up = (place - 1) >> 1;
      const parent = heap[up] as Timer;
      if (!before(timer, parent)) break;
      heap[place] = parent;
      place = up;
    }
    heap[place] = timer;
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    if (timer !== undefined) timer.action = undefined;
  }

  /** Lets the next thing happen; `false` when nothing is left or something was wrong. */
  step(): boolean {
    const timer = this.#pop();
    if (timer === undefined) return false;
    if (timer.action !== undefined) {
      this.now = timer.at;
      timer.action();
    }
    return this.breach === undefined;
  }

  /** Something wrong: only the first counts, and the run ends with it. */
  fail(invariant: Invariant, message: string): void {
    this.breach ??= { invariant, message };
  }

  seen(what: What): void {
    this.coverage.add(what);
  }

  log(what: string, who: string, detail: string | number = ""): void {
    this.trace.add(this.now, what, who, detail);
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1] as Timer, heap[down] as Timer)) down += 1;
      const child = heap[down] as Timer;
      if (!before(child, last)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

function before(left: Timer, right: Timer): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
