import { constants } from "node:os";
import type { DeathCause } from "@scaler-aws-hpc/adapter-core";
import { monotonicMs } from "../messages/clock.ts";
import { encodeCommand } from "../messages/commands.ts";
import { MessageReader } from "../messages/message-reader.ts";
import { OutputTail } from "../messages/output-tail.ts";
import type { RunPack } from "../messages/pack.ts";
import { type Report, readReport } from "../messages/reports.ts";
import type { ExitStatus, StartedExecutor } from "./executor-start.ts";
import { KernelKills } from "./kernel-kills.ts";
import type { MemoryLimits } from "./memory-limits.ts";
import { heapOom, MemoryWatch } from "./memory-watch.ts";
import { killFamily } from "./process-family.ts";

/** After a signal, for the last words of the process, and for the same signal to come here: whoever stops a runner may signal its whole group. */
const LAST_WORDS_MS = 30;
/** How long what is left in the pipe of a dead process may take. */
const DRAIN_MS = 2_000;
const MAX_WORDS = 16 * 1024;
/** What V8 writes before it gives up for want of memory. */
const HEAP_FULL = /heap out of memory|Allocation failed|process out of memory|invalid (?:array|table|size)/i;

/** Why an executor ended, but for what only its pack knows. */
export type EndCause = Omit<DeathCause, "first">;

/** What a task printed, as far as it is kept. */
export interface TaskOutput {
  readonly out: Uint8Array;
  readonly err: Uint8Array;
}

/** How an executor ended, and what it was doing. */
export interface ExecutorEnd extends TaskOutput {
  readonly cause: EndCause;
  /** Index of the task that ran. */
  readonly task: number | undefined;
  /** Nothing had run in this process before. */
  readonly first: boolean;
  /** Since the task began. */
  readonly seconds: number;
  readonly peakBytes: number;
}

/** What an executor does that its pack has to know. */
export type ExecutorMessage = Exclude<Report, { readonly type: "out" | "err" }>;

/** What the owner of an executor hears. */
export interface ExecutorListener {
  message(message: ExecutorMessage): void;
  /** Once; after everything that the executor said. */
  ended(end: ExecutorEnd): void;
}

/** A process that runs tasks, seen from the one that watches over it: what it reports, in order, is all that is known of it. */
export class ExecutorProcess {
  readonly #started: StartedExecutor;
  readonly #limits: () => MemoryLimits;
  readonly #memory: MemoryWatch;
  readonly #kills = new KernelKills();
  readonly #out = new OutputTail();
  readonly #err = new OutputTail();
  /** Who hears it; nobody, while it has no pack. */
  listener: ExecutorListener | undefined;
  /** The client whose tasks it runs, once it has had any. */
  client: string | undefined;
  /** The task that runs now. */
  running: { readonly task: number; readonly startMs: number } | undefined;
  /** It runs a pack. */
  #busy: Promise<void> | undefined;
  #rest: () => void = () => undefined;
  #answers = 0;
  #cause: EndCause | undefined;
  #over = false;
  #words = Buffer.alloc(0);

  /** @param idle it waits for commands */
  constructor(started: StartedExecutor, limits: () => MemoryLimits, idle: boolean) {
    this.#started = started;
    this.#limits = limits;
    this.#memory = new MemoryWatch(limits);
    if (!idle) this.#work();
    const { reports, words, commands, exited } = started;
    const reader = new MessageReader((kind, body) => this.#hear(readReport(kind, body)));
    const drained = new Promise<void>((resolve) => {
      reports.once("close", resolve);
      // Something that left the process in an unusual way may hold its end of the pipe.
      void exited.then(() => setTimeout(resolve, DRAIN_MS).unref());
    });
    reports.on("data", (part: Buffer) => reader.push(part));
    for (const stream of words) stream.on("data", (part: Buffer) => this.#noteWords(part));
    for (const stream of [reports, commands, ...words]) stream?.on("error", () => undefined);
    void Promise.all([exited, drained]).then(([status]) => this.#bury(status));
  }

  get pid(): number {
    return this.#started.pid;
  }

  /** When it was started, in monotonic milliseconds. */
  get startedMs(): number {
    return this.#started.startedMs;
  }

  /** Whether it can take a pack. */
  get alive(): boolean {
    return !this.#over && this.#cause === undefined;
  }

  /** Whether a task has ended in it. */
  get used(): boolean {
    return this.#answers > 0;
  }

  /** What the task that ended last printed. */
  get output(): TaskOutput {
    return { out: this.#out.bytes, err: this.#err.bytes };
  }

  /** Whether it waits for a pack, now or after so many milliseconds. */
  async isIdle(patienceMs: number): Promise<boolean> {
    if (this.#busy === undefined) return true;
    await Promise.race([this.#busy, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
    return this.#busy === undefined;
  }

  run(pack: RunPack): void {
    this.#work();
    this.#started.commands?.write(encodeCommand({ type: "run", pack }));
  }

  /** Says that tasks are not wanted any more; it may have begun one of them all the same. */
  skip(tasks: readonly number[]): void {
    this.#started.commands?.write(encodeCommand({ type: "skip", tasks }));
  }

  /** Ends it when its memory is more than it may be. */
  look(): void {
    this.#kills.watch();
    const cause = this.#memory.look(this.pid);
    if (cause !== undefined) this.end(cause);
  }

  /** Ends it with what its tasks started, whatever it does; `ended` says so. Only the first cause counts. */
  end(cause: EndCause): void {
    if (!this.alive) return;
    this.#cause = cause;
    // 0: it could not be started.
    if (this.pid > 0) killFamily(this.pid);
  }

  #work(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#busy = promise;
    this.#rest = () => {
      this.#busy = undefined;
      resolve();
    };
  }

  #hear(report: Report | undefined): void {
    if (report === undefined) return;
    if (report.type === "out") this.#out.write(report.bytes);
    else if (report.type === "err") this.#err.write(report.bytes);
    else {
      if (report.type === "begin") this.#begin(report);
      else if (report.type === "done") this.#answers += 1;
      else if (report.type === "end") this.#rest();
      if (report.type === "done") this.running = undefined;
      this.listener?.message(report);
    }
  }

  #begin({ task, startMs }: { readonly task: number; readonly startMs: number }): void {
    this.running = { task, startMs };
    this.#out.clear();
    this.#err.clear();
  }

  #noteWords(part: Buffer): void {
    if (this.running !== undefined) this.#err.write(part);
    this.#words = Buffer.concat([this.#words, part]).subarray(-MAX_WORDS);
  }

  #bury(status: ExitStatus): void {
    if (this.#cause !== undefined || status.signal === undefined) this.#end(status);
    else setTimeout(() => this.#end(status), LAST_WORDS_MS);
  }

  #end(status: ExitStatus): void {
    this.#over = true;
    for (const stream of [this.#started.commands, ...this.#started.words]) stream?.destroy();
    const { running } = this;
    this.listener?.ended({
      cause: this.#cause ?? this.#causeOf(status),
      task: running?.task,
      first: !this.used,
      seconds: running === undefined ? 0 : Math.max(0, monotonicMs() - running.startMs) / 1_000,
      peakBytes: this.#memory.peakBytes,
      ...this.output,
    });
  }

  #causeOf({ code, signal }: ExitStatus): EndCause {
    if (signal === undefined) {
      const how = code === undefined ? "in an unknown way" : `with exit code ${code}`;
      return { kind: "exit", reason: `the process ended ${how}`, ...(code === undefined ? {} : { exitCode: code }) };
    }
    if (signal !== "SIGKILL" && HEAP_FULL.test(this.#words.toString("latin1"))) return heapOom(this.#limits());
    const number = constants.signals[signal] ?? 0;
    if (signal === "SIGKILL" && (this.#kills.more() || this.#memory.wasFull)) {
      const held = Math.round(this.#memory.peakBytes / 2 ** 20);
      const reason = `out of memory: the process was killed for want of memory (it held ${held} MiB)`;
      return { kind: "oom", reason, signal: number };
    }
    return { kind: "signal", reason: `the process was ended by ${signal}`, signal: number };
  }
}
