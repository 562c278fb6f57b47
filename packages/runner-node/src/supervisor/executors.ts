import { ExecutorThread } from "./executor-thread.ts";
import type { MemoryLimits } from "./memory-limits.ts";

/** Keeps one thread warm: for the next pack of the same client, or for whoever comes first. */
export class Executors {
  readonly #file: string;
  readonly #limits: MemoryLimits;
  #idle: ExecutorThread | undefined;

  constructor(file: string, limits: MemoryLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  get limits(): MemoryLimits {
    return this.#limits;
  }

  /** Starts a thread before it is needed. */
  warm(): void {
    if (this.#idle?.alive !== true) this.#idle = new ExecutorThread(this.#file, this.#limits);
  }

  /** A thread for tasks of a client. One that ran another client's, or anything where it must be fresh, ends. */
  take(client: string, fresh: boolean): ExecutorThread {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.alive === true) {
      const foreign = idle.client !== undefined && idle.client !== client;
      if (!foreign && !(fresh && idle.used)) return claimed(idle, client);
      idle.end({ kind: "exit", reason: "another client's tasks came" });
    }
    return claimed(new ExecutorThread(this.#file, this.#limits), client);
  }

  /** Gives a thread back after its pack. */
  give(thread: ExecutorThread): void {
    thread.listener = undefined;
    if (thread.alive && this.#idle === undefined) this.#idle = thread;
  }
}

function claimed(thread: ExecutorThread, client: string): ExecutorThread {
  thread.client = client;
  return thread;
}
