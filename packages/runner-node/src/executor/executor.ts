import { AsyncLocalStorage } from "node:async_hooks";
import { decodeValue, encodeFailure, encodeValue } from "@scaler-aws-hpc/client/format";
import { monotonicMs } from "../messages/clock.ts";
import type { PackTask, RunPack } from "../messages/pack.ts";
import { withoutOwnFrames } from "./own-frames.ts";
import { PackFunctions } from "./pack-functions.ts";
import { PackObjects } from "./pack-objects.ts";
import type { ReportPipe } from "./report-pipe.ts";
import { cpuMicros, peakBytes } from "./resource-use.ts";
import { TaskModules } from "./task-module.ts";

/** How long short tasks may follow each other without a turn of the event loop, in milliseconds. */
const TURN_MS = 2;

/** The run of one task: what it started and left behind still carries it. */
interface Run {
  readonly task: number;
  readonly stream: boolean;
  /** Monotonic milliseconds. */
  readonly startMs: number;
  /** Answered; whatever still happens in its name is nobody's result. */
  over: boolean;
}

/** Runs packs one task after another, in a process that may be ended at any moment. */
export class Executor {
  readonly #reports: ReportPipe;
  readonly #modules = new TaskModules();
  readonly #runs = new AsyncLocalStorage<Run>();
  readonly #skipped = new Set<number>();
  #current: Run | undefined;
  /** When the event loop had its turn last. */
  #turnedMs = 0;
  /** Processor time of the process before the next task: as it was after the last one, if nothing came between. */
  #cpuMicros = 0;

  constructor(reports: ReportPipe) {
    this.#reports = reports;
  }

  /** The run in whose name code runs now; without one, that of the running task. */
  get blamed(): Run | undefined {
    return this.#runs.getStore() ?? this.#current;
  }

  /** Ends a run by an error that nobody caught or by a call to `process.exit`. False: it was over already. */
  failNow(run: Run | undefined, reason: unknown): boolean {
    if (run === undefined || run.over || run !== this.#current) return false;
    this.#answer(run, false, encodeFailure(withoutOwnFrames(reason)));
    this.#reports.flush();
    return true;
  }

  /** These tasks are not wanted any more. */
  skip(tasks: readonly number[]): void {
    for (const task of tasks) this.#skipped.add(task);
  }

  /** Runs a pack to its end. The supervisor gives the next one when it has heard of that. */
  async run(pack: RunPack): Promise<void> {
    const objects = new PackObjects(pack.objects);
    const functions = new PackFunctions(this.#modules, objects);
    this.#skipped.clear();
    this.#cpuMicros = cpuMicros();
    this.#turnedMs = monotonicMs();
    let firstMs = pack.firstStartMs;
    for (const index of pack.todo) {
      const task = pack.tasks[index];
      if (monotonicMs() - this.#turnedMs >= TURN_MS) await this.#turn();
      if (task === undefined || this.#skipped.has(index)) continue;
      const startMs = monotonicMs();
      if (firstMs !== undefined && pack.budgetMs !== undefined && startMs - firstMs > pack.budgetMs) break;
      firstMs ??= startMs;
      this.#reports.begin(index, startMs);
      await this.#runTask({ task: index, stream: task.stream, startMs, over: false }, task, objects, functions);
    }
    this.#reports.end();
  }

  async #runTask(run: Run, task: PackTask, objects: PackObjects, functions: PackFunctions): Promise<void> {
    this.#current = run;
    const [ok, blob] = await this.#runs.run(run, () => this.#call(task, objects, functions));
    if (!run.over) this.#answer(run, ok, blob);
    this.#current = undefined;
  }

  /** What tasks left behind has its turn, and what the supervisor says is heard; between thousands of short tasks not after each of them. */
  async #turn(): Promise<void> {
    this.#reports.flush();
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnedMs = monotonicMs();
    this.#cpuMicros = cpuMicros();
  }

  async #call(
    task: PackTask,
    objects: PackObjects,
    functions: PackFunctions,
  ): Promise<readonly [ok: boolean, blob: Uint8Array]> {
    try {
      const found = functions.get(task.fn);
      const fn = typeof found === "function" ? found : await found;
      const args = task.args.map((arg) => decodeValue(objects.get(arg)));
      return [true, encodeValue(await fn(...args), "the result")];
    } catch (reason) {
      return [false, encodeFailure(withoutOwnFrames(reason))];
    }
  }

  #answer(run: Run, ok: boolean, blob: Uint8Array): void {
    run.over = true;
    const { task, stream, startMs } = run;
    const nowMs = monotonicMs();
    const before = this.#cpuMicros;
    this.#cpuMicros = cpuMicros();
    const cpuSeconds = Math.max(0, this.#cpuMicros - before) / 1e6;
    const seconds = Math.max(0, nowMs - startMs) / 1_000;
    this.#reports.done({ task, ok, stream, startMs, seconds, cpuSeconds, peakBytes: peakBytes(nowMs) }, blob);
  }
}
