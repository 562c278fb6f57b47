import { Worker } from "node:worker_threads";
import type { DeathCause } from "@scaler-aws-hpc/adapter-core";
import type { ExecutorData } from "../executor/start-executor.ts";
import type { ExecutorMessage, RunPack } from "../threads/messages.ts";
import { monotonicMs, SharedState } from "../threads/shared-state.ts";
import type { MemoryLimits } from "./memory-limits.ts";
import { heapOom, MemoryWatch } from "./memory-watch.ts";
import { killChildren } from "./process-family.ts";

/** How long a thread may take to end, in milliseconds. One that is caught in native code does not. */
const END_MS = 2_000;

/**
 * V8's own limit is so many times that of tasks, where their heap can be looked at (from Node 22.16 on): V8 ends the whole process when a single large
 * allocation does not fit below its limit. A map that fills the heap of a task asks for twice as much again when it grows.
 */
const BACKSTOP = 4;
const canTellHeap = typeof Worker.prototype.getHeapStatistics === "function";

/** Why a thread ended, but for what only its pack knows. */
export type EndCause = Omit<DeathCause, "first">;

/** How a thread ended, and what it was doing. */
export interface ThreadEnd {
  readonly cause: EndCause;
  /** Index of the task that ran. */
  readonly task: number | undefined;
  /** Nothing had run in this thread before. */
  readonly first: boolean;
  /** Since the task began. */
  readonly seconds: number;
  readonly peakBytes: number;
  readonly out: Uint8Array | undefined;
  readonly err: Uint8Array | undefined;
}

/** What the owner of a thread hears. */
export interface ThreadListener {
  message(message: ExecutorMessage): void;
  /** Once; after everything that the thread said. */
  ended(end: ThreadEnd): void;
}

/** A worker thread that runs tasks, seen from the thread that watches over it. */
export class ExecutorThread {
  readonly state = new SharedState();
  readonly startedMs: number = monotonicMs();
  /** Looks at its memory, each time it is told to. */
  readonly memory: MemoryWatch;
  /** Who hears it; nobody, while it has no pack. */
  listener: ThreadListener | undefined;
  /** The client whose tasks it runs, once it has had any. */
  client: string | undefined;
  readonly #worker: Worker;
  readonly #limits: MemoryLimits;
  #packs = 0;
  #answers = 0;
  #cause: EndCause | undefined;
  #failure: string | undefined;
  #oom = false;
  #over = false;

  /** @param file the program: this same bundle, which looks which thread it is in */
  constructor(file: string, limits: MemoryLimits) {
    this.#limits = limits;
    this.memory = new MemoryWatch(this, limits);
    const workerData: ExecutorData = { state: this.state.memory };
    this.#worker = new Worker(file, {
      workerData,
      argv: [],
      execArgv: process.execArgv,
      // Nothing of it may reach the manager's log: what tasks write goes into rings.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: canTellHeap ? BACKSTOP * limits.heapMiB : limits.heapMiB },
    });
    this.#worker.on("message", (message: ExecutorMessage) => this.#hear(message));
    this.#worker.on("error", (reason) => this.#fail(reason));
    this.#worker.on("exit", (code) => this.#end({ kind: "exit", reason: this.#reasonOf(code), exitCode: code }));
    // An idle thread keeps nobody alive.
    this.#worker.unref();
  }

  /** Whether it can take a pack. */
  get alive(): boolean {
    return !this.#over && this.#cause === undefined;
  }

  /** Whether a task has ended in it. */
  get used(): boolean {
    return this.#answers > 0;
  }

  /** Number of its newest pack. */
  get pack(): number {
    return this.#packs;
  }

  /** Bytes of its JavaScript heap that are used; also told while a task lets nothing else run. 0 where Node cannot tell. */
  async heapBytes(): Promise<number> {
    try {
      return canTellHeap ? (await this.#worker.getHeapStatistics()).used_heap_size : 0;
    } catch {
      // It ended just now.
      return 0;
    }
  }

  run(pack: Omit<RunPack, "pack">): void {
    this.#packs += 1;
    this.#worker.postMessage({ ...pack, pack: this.#packs } satisfies RunPack);
  }

  /** Ends it, whatever it does; `ended` says so. Only the first cause counts. */
  end(cause: EndCause): void {
    if (!this.alive) return;
    this.#cause = cause;
    killChildren();
    void this.#worker.terminate();
    setTimeout(() => this.#giveUp(), END_MS).unref();
  }

  #giveUp(): void {
    if (this.#over) return;
    ExecutorThread.#stuck = true;
    this.#end({ kind: "exit", reason: "the thread does not end" });
  }

  /** Some thread of this process never ended: it must not be waited for at the end of the process. */
  static get stuck(): boolean {
    return ExecutorThread.#stuck;
  }
  static #stuck = false;

  #hear(message: ExecutorMessage): void {
    if (message.type === "done") this.#answers += 1;
    if (message.pack === this.#packs) this.listener?.message(message);
  }

  #fail(reason: unknown): void {
    this.#oom = reason instanceof Error && "code" in reason && reason.code === "ERR_WORKER_OUT_OF_MEMORY";
    this.#failure = reason instanceof Error ? reason.message : String(reason);
  }

  #reasonOf(code: number): string {
    return this.#failure === undefined
      ? `the thread ended with exit code ${code}`
      : `the thread ended by an error: ${this.#failure}`;
  }

  #end(how: EndCause): void {
    if (this.#over) return;
    this.#over = true;
    const running = this.state.running;
    const tail = running === undefined ? undefined : this.state;
    this.listener?.ended({
      cause: this.#cause ?? (this.#oom ? heapOom(this.#limits) : how),
      task: running?.task,
      first: !this.used,
      seconds: running === undefined ? 0 : Math.max(0, monotonicMs() - running.startMs) / 1_000,
      peakBytes: process.resourceUsage().maxRSS * 1_024,
      out: tail?.out.since(running?.outAt ?? 0),
      err: tail?.err.since(running?.errAt ?? 0),
    });
  }
}
