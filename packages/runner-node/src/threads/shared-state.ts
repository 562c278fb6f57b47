import { OutputRing, RING_MEMORY } from "./output-ring.ts";

const TASK = 0;
const START = 1;
const CPU = 2;
const OUT = 3;
const ERR = 4;
const FIRST = 5;
const WORDS = 6;
const HEAD_BYTES = 8 * WORDS;

/** The task that runs now, as both threads see it. */
export interface RunningTask {
  /** Index in the section. */
  readonly task: number;
  /** When it began, by the monotonic clock, in milliseconds. */
  readonly startMs: number;
  /** CPU time that the thread had used before, in seconds. */
  readonly cpuSeconds: number;
  /** Where its output begins in the rings. */
  readonly outAt: number;
  readonly errAt: number;
}

/** Monotonic milliseconds, the same in every thread: `performance.now()` counts from each thread's own beginning. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * What the thread that runs tasks does, in memory that the supervising thread reads at any moment: a task in an endless loop answers no message.
 * Each word is stored at once; a task is visible before it is asked whether it is still wanted.
 */
export class SharedState {
  readonly memory: SharedArrayBuffer;
  readonly out: OutputRing;
  readonly err: OutputRing;
  readonly #words: BigInt64Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEAD_BYTES + 2 * RING_MEMORY)) {
    this.memory = memory;
    this.#words = new BigInt64Array(memory, 0, WORDS);
    this.out = new OutputRing(memory, HEAD_BYTES);
    this.err = new OutputRing(memory, HEAD_BYTES + RING_MEMORY);
  }

  /** The running task, if one runs. */
  get running(): RunningTask | undefined {
    const task = Number(Atomics.load(this.#words, TASK)) - 1;
    if (task < 0) return undefined;
    return {
      task,
      startMs: Number(Atomics.load(this.#words, START)) / 1e6,
      cpuSeconds: Number(Atomics.load(this.#words, CPU)) / 1e6,
      outAt: Number(Atomics.load(this.#words, OUT)),
      errAt: Number(Atomics.load(this.#words, ERR)),
    };
  }

  /** When the pack's first task began in this thread, in milliseconds; `undefined` before that. */
  get firstStartMs(): number | undefined {
    const first = Number(Atomics.load(this.#words, FIRST));
    return first === 0 ? undefined : first / 1e6;
  }

  /** Another pack counts its time from its own first task. */
  forgetFirst(): void {
    Atomics.store(this.#words, FIRST, 0n);
  }

  /** A task begins. @param cpuMicros CPU time of the thread so far */
  begin(task: number, cpuMicros: number): void {
    const now = process.hrtime.bigint();
    Atomics.store(this.#words, START, now);
    Atomics.store(this.#words, CPU, BigInt(Math.round(cpuMicros)));
    Atomics.store(this.#words, OUT, BigInt(this.out.position));
    Atomics.store(this.#words, ERR, BigInt(this.err.position));
    if (Atomics.load(this.#words, FIRST) === 0n) Atomics.store(this.#words, FIRST, now);
    Atomics.store(this.#words, TASK, BigInt(task + 1));
  }

  /** No task runs. */
  end(): void {
    Atomics.store(this.#words, TASK, 0n);
  }
}
