import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BackendHint,
  type BackendHost,
  bundleKey,
  type ChildChange,
  type DeathCause,
  decodeFrame,
  encodeBundle,
  encodeSection,
  type FrameResult,
  outPrefix,
  type PayloadStore,
  type RunnerRecord,
  type SectionObject,
  type SectionTask,
  systemClock,
} from "@scaler-aws-hpc/adapter-core";
import { FsPayloadStore } from "@scaler-aws-hpc/payload-fs";
import { pythonRunner } from "@scaler-aws-hpc/runner-python";
import { LocalBackend } from "../src/index.ts";

type Argument = string | number | Uint8Array;
/** A function of the Python module `workload` and its arguments. */
export type Call = readonly [name: string, ...args: Argument[]];
type Progress = Extract<BackendHint, { type: "progress" }>;

/** How a pack of calls is run. */
export interface RunOptions {
  readonly client?: string;
  readonly fresh?: boolean;
  readonly taskLimitMs?: number;
  readonly inline?: boolean;
  /** Called once, with the first progress of the job. */
  readonly onProgress?: (backend: LocalBackend, job: string, hint: Progress) => void | Promise<void>;
}

/** What became of a job. */
export class Over {
  readonly change: ChildChange;
  readonly results = new Map<number, FrameResult>();

  constructor(change: ChildChange) {
    this.change = change;
  }

  statuses(): string[] {
    return [...this.results.entries()].sort(([a], [b]) => a - b).map(([, { status }]) => status);
  }

  cause(task: number): DeathCause | undefined {
    const result = this.results.get(task);
    return result?.status === "died" ? result.cause : undefined;
  }

  /** The pickle of a result, as far as it is text: nothing is unpickled here. */
  text(task: number): string {
    const result = this.results.get(task);
    return result && result.status !== "died" ? Buffer.from(result.blob).toString("latin1") : "";
  }
}

const SECRET = "5a".repeat(32);
const WORKLOAD = fileURLToPath(new URL("../../runner-python/python/tests", import.meta.url));

/** The local backend with the Python runner over a store of its own. */
export class LocalBench implements AsyncDisposable {
  readonly backend: LocalBackend;
  readonly root: string;
  /** A program that runs one job of sleeping processes and then waits. */
  readonly managerProgram: string = fileURLToPath(new URL("./manager-program.ts", import.meta.url));
  readonly #store: PayloadStore;
  readonly #listeners = new Map<string, (hint: BackendHint) => void>();
  #serial = 0;

  private constructor(root: string, store: PayloadStore) {
    this.root = root;
    this.#store = store;
    const runner: RunnerRecord = {
      ...pythonRunner,
      command: (options) => {
        const command = pythonRunner.command?.(options);
        if (!command) throw new Error("the Python runner has no command");
        return { ...command, env: { PYTHONPATH: WORKLOAD } };
      },
    };
    const quiet = (): void => undefined;
    const host: BackendHost = {
      clock: systemClock,
      log: { debug: quiet, info: quiet, warn: console.warn, error: console.error },
      managerId: "m",
      profiles: [],
      runners: [runner],
      runnerOptions: {},
      store: store.locator,
    };
    this.backend = new LocalBackend(host);
    this.backend.watch((hint) => {
      const job = hint.type === "changed" ? hint.changes[0]?.job : hint.job;
      this.#listeners.get(job ?? "")?.(hint);
    });
  }

  static async open(): Promise<LocalBench> {
    const root = await mkdtemp(join(tmpdir(), "local-bench-"));
    return new LocalBench(root, await FsPayloadStore.open({ directory: join(root, "store") }));
  }

  async run(calls: readonly Call[], options: RunOptions = {}): Promise<Over> {
    this.#serial += 1;
    const job = `job-${this.#serial}`;
    const bundle = await encodeBundle({ job, secret: SECRET, sections: [encodeSection(section(job, calls, options))] });
    const key = bundleKey("m", job);
    const store = this.#store.locator;
    if (!options.inline) await this.#store.put(key, bundle);
    const frames: string[] = [];
    const done = Promise.withResolvers<ChildChange>();
    let told = false;
    this.#listeners.set(job, (hint) => {
      if (hint.type === "frame") frames.push(hint.key);
      if (hint.type === "changed")
        for (const change of hint.changes) if (change.state !== "running") done.resolve(change);
      if (hint.type !== "progress" || told) return;
      told = true;
      Promise.resolve(options.onProgress?.(this.backend, job, hint)).catch(done.reject);
    });
    await this.backend.submit({
      name: job,
      profile: "default",
      runner: "python",
      children: 1,
      payload: options.inline
        ? { kind: "inline", bundle: Buffer.concat(bundle), store }
        : { kind: "bundle", key, bytes: bundle.reduce((sum, piece) => sum + piece.length, 0), store },
      outPrefix: outPrefix("m", job),
      secret: SECRET,
      tasksPerChild: [calls.length],
      taskLimitMs: options.taskLimitMs ?? 60_000,
      childLimitMs: 120_000,
      attempts: 1,
      fresh: options.fresh ?? false,
    });
    const over = new Over(await done.promise);
    for (const frameKey of frames) {
      const found = await this.#store.get(frameKey);
      if (!found) throw new Error(`${frameKey} is not in the store`);
      const frame = await decodeFrame(frameKey, found.body, SECRET);
      for (const result of frame.results) over.results.set(result.task, result);
    }
    return over;
  }

  /** Resolves when a file is there. */
  async file(path: string): Promise<void> {
    for (let left = 2_000; !existsSync(path); left -= 1) {
      if (left === 0) throw new Error(`${path} did not come`);
      await systemClock.sleep(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
    await rm(this.root, { recursive: true, force: true });
  }
}

function section(job: string, calls: readonly Call[], options: RunOptions): Parameters<typeof encodeSection>[0] {
  const objects = new Map<string, SectionObject>();
  const add = (id: string, bytes: Uint8Array): string => {
    const padded = Buffer.from(id).toString("hex").padEnd(64, "0").slice(0, 64);
    objects.set(padded, { id: padded, bytes, raw: bytes.length, gzip: false });
    return padded;
  };
  const serializer = add(
    "serializer",
    Buffer.from("\x80\x02cscaler.client.serializer.default\nDefaultSerializer\n)\x81.", "latin1"),
  );
  const tasks = calls.map(
    ([name, ...args], index): SectionTask => ({
      id: index.toString(16).padStart(32, "0"),
      fn: add(`f ${name}`, Buffer.from(`\x80\x02cworkload\n${name}\n.`, "latin1")),
      args: args.map((arg, place) => add(`a ${index} ${place}`, pickled(arg))),
      stream: false,
      profiling: true,
    }),
  );
  const { client = "c0ffee", fresh = false, taskLimitMs = 60_000 } = options;
  return {
    job,
    child: 0,
    client,
    taskLimitMs,
    flushMs: 20,
    flushBytes: 8 << 20,
    fresh,
    serializer,
    objects: [...objects.values()],
    tasks,
  };
}

/** The pickle of a simple value. */
function pickled(value: Argument): Uint8Array {
  const [opcode, bytes] =
    typeof value === "string" ? ["X", Buffer.from(value)] : typeof value === "number" ? ["", undefined] : ["B", value];
  if (!bytes) return Buffer.from(`\x80\x03I${value}\n.`, "latin1");
  const head = Buffer.from(`\x80\x03${opcode}\0\0\0\0`, "latin1");
  head.writeUInt32LE(bytes.length, 3);
  return Buffer.concat([head, bytes, Buffer.from(".")]);
}
