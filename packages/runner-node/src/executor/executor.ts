import { AsyncLocalStorage } from "node:async_hooks";
import type { MessagePort } from "node:worker_threads";
import { decodeValue, encodeFailure, encodeValue } from "@scaler-aws-hpc/client/format";
import type { ExecutorMessage, PackTask, RunPack } from "../threads/messages.ts";
import { monotonicMs, type SharedState } from "../threads/shared-state.ts";
import { withoutOwnFrames } from "./own-frames.ts";
import { PackFunctions } from "./pack-functions.ts";
import { PackObjects } from "./pack-objects.ts";
import { cpuMicros, peakBytes } from "./resource-use.ts";
import { TaskModules } from "./task-module.ts";

/** Results above this, in bytes, are moved between threads; below it copying costs less. */
const MOVE_BYTES = 64 * 1024;

/** How long short tasks may follow each other without a turn of the event loop, in milliseconds. */
const TURN_MS = 2;

/** The run of one task: what it started and left behind still carries it. */
interface Run {
  readonly pack: number;
  readonly task: number;
  readonly stream: boolean;
  /** Answered; whatever still happens in its name is nobody's result. */
  over: boolean;
}

/** Runs packs one task after another, in a thread that may be ended at any moment. */
export class Executor {
  readonly #port: MessagePort;
  readonly #state: SharedState;
  readonly #modules = new TaskModules();
  readonly #runs = new AsyncLocalStorage<Run>();
  #current: Run | undefined;
  #packs: Promise<void> = Promise.resolve();
  /** When the event loop had its turn last. */
  #turnedMs = 0;
  /** Processor time of the thread before the next task: as it was after the last one, if nothing came between. */
  #cpuMicros = 0;

  constructor(port: MessagePort, state: SharedState) {
    this.#port = port;
    this.#state = state;
  }

  /** Runs a pack after those before it. */
  add(pack: RunPack): void {
    this.#packs = this.#packs.then(() => this.#run(pack));
  }

  /** The run in whose name code runs now; without one, that of the running task. */
  get blamed(): Run | undefined {
    return this.#runs.getStore() ?? this.#current;
  }

  /** Ends a run by an error that nobody caught or by a call to `process.exit`. False: it was over already. */
  failNow(run: Run | undefined, reason: unknown): boolean {
    if (run === undefined || run.over || run !== this.#current) return false;
    this.#answer(run, false, encodeFailure(withoutOwnFrames(reason)));
    return true;
  }

  async #run(pack: RunPack): Promise<void> {
    const objects = new PackObjects(pack.objects);
    const functions = new PackFunctions(this.#modules, objects);
    const skip = new Uint8Array(pack.skip);
    this.#state.forgetFirst();
    this.#cpuMicros = cpuMicros();
    for (const index of pack.todo) {
      const task = pack.tasks[index];
      if (task === undefined || Atomics.load(skip, index) === 1) continue;
      const first = pack.firstStartMs ?? this.#state.firstStartMs;
      if (first !== undefined && pack.budgetMs !== undefined && monotonicMs() - first > pack.budgetMs) {
        this.#say({ type: "spent", pack: pack.pack });
        return;
      }
      this.#state.begin(index, this.#cpuMicros);
      // Shown as running before it is asked for the last time: whoever revokes it now sees one or the other.
      if (Atomics.load(skip, index) === 1) this.#state.end();
      else
        await this.#runTask(
          { pack: pack.pack, task: index, stream: task.stream, over: false },
          task,
          objects,
          functions,
        );
    }
  }

  async #runTask(run: Run, task: PackTask, objects: PackObjects, functions: PackFunctions): Promise<void> {
    this.#current = run;
    const [ok, blob] = await this.#runs.run(run, () => this.#call(task, objects, functions));
    if (!run.over) this.#answer(run, ok, blob);
    this.#current = undefined;
    // What tasks left behind has its turn; between thousands of short tasks not after each of them.
    const now = monotonicMs();
    if (now - this.#turnedMs < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnedMs = now;
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
    const began = this.#state.running;
    const nowMs = monotonicMs();
    const startMs = began?.startMs ?? nowMs;
    this.#state.end();
    const out = run.stream ? this.#state.out.since(began?.outAt ?? 0) : undefined;
    const err = run.stream ? this.#state.err.since(began?.errAt ?? 0) : undefined;
    this.#cpuMicros = cpuMicros();
    // Large ones are moved. A small one is copied, alone: its memory may be a part of a pool, all of which would be copied with it.
    const own = blob.byteLength === blob.buffer.byteLength && blob.buffer instanceof ArrayBuffer;
    const moved = own && blob.byteLength > MOVE_BYTES;
    const message: ExecutorMessage = {
      type: "done",
      ...{ pack: run.pack, task: run.task, ok, blob: own ? blob : new Uint8Array(blob), startMs, out, err },
      seconds: Math.max(0, nowMs - startMs) / 1_000,
      cpuSeconds: Math.max(0, this.#cpuMicros / 1e6 - (began?.cpuSeconds ?? 0)),
      peakBytes: peakBytes(nowMs),
    };
    if (moved) this.#port.postMessage(message, [blob.buffer]);
    else this.#port.postMessage(message);
  }

  #say(message: ExecutorMessage): void {
    this.#port.postMessage(message);
  }
}
