import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import {
  decodeFrame,
  encodeBundle,
  encodeSection,
  type Frame,
  type FrameResult,
  frameBlob,
  type Section,
  type SectionObject,
} from "@scaler-aws-hpc/adapter-core";
import {
  decodeFailure,
  decodeValue,
  encodeFunction,
  encodeValue,
  serializerObject,
} from "@scaler-aws-hpc/client/format";
import { nodeRunner } from "../src/node-runner.ts";

/** A secret as good as any. */
const SECRET: string = "5a".repeat(32);

/** A task: source of a function expression, and its arguments. */
export interface BenchTask {
  readonly source: string;
  readonly args?: readonly unknown[];
  readonly stream?: boolean;
}

type SectionChoices = Partial<Omit<Section, "tasks" | "objects">>;

/** A function object whose module exports one function, `run`. */
function functionObject(source: string): Uint8Array {
  return encodeFunction({ name: "bench", exportName: "run", node: process.versions.node, module: moduleOf(source) });
}

const moduleOf = (source: string): Uint8Array => Buffer.from(`export const run = ${source};\n`);
const idOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The section of a pack. */
export function section(tasks: readonly BenchTask[], choices: SectionChoices = {}): Section {
  const objects = new Map<string, SectionObject>();
  const put = (bytes: Uint8Array): string => {
    const id = idOf(bytes);
    objects.set(id, { id, bytes, raw: bytes.length, gzip: false });
    return id;
  };
  return {
    ...{
      job: "job-1",
      child: 0,
      client: "c0ffee",
      taskLimitMs: 60_000,
      flushMs: 40,
      flushBytes: 8 << 20,
      fresh: false,
    },
    serializer: put(serializerObject()),
    ...choices,
    tasks: tasks.map(({ source, args = [], stream = false }, index) => ({
      id: index.toString(16).padStart(32, "0"),
      fn: put(functionObject(source)),
      args: args.map((arg) => put(encodeValue(arg))),
      ...{ stream, profiling: false },
    })),
    objects: [...objects.values()],
  };
}

/** The bundle of one section. */
export async function bundle(one: Section): Promise<Buffer> {
  return Buffer.concat(await encodeBundle({ job: one.job, secret: SECRET, sections: [encodeSection(one)] }));
}

/** A line of the control channel. */
export type Line = Readonly<Record<string, unknown>>;

/** How a child ended, with all that it stored. */
export interface Over {
  readonly message: Line;
  readonly frames: readonly Frame[];
  readonly progress: readonly Line[];
  readonly results: ReadonlyMap<number, { readonly frame: Frame; readonly result: FrameResult }>;
  /** What a task returned. */
  value(task: number): Promise<unknown>;
  /** What a task threw. */
  error(task: number): Promise<unknown>;
  result(task: number): FrameResult;
}

/** A runner process with its control channel and a store in a folder. */
export class Bench implements AsyncDisposable {
  readonly folder: string;
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly #channel: Duplex;
  readonly #lines: Line[] = [];
  #rest = "";
  #wake: () => void = () => undefined;
  #jobs = 0;
  output = "";

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    // As a manager with this environment starts it.
    const before = process.env;
    process.env = { ...before, ...env };
    const { file = "", args = [] } = nodeRunner.command?.({}) ?? {};
    process.env = before;
    this.process = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
      detached: true,
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.ended = new Promise((resolve) => this.process.once("close", (code, signal) => resolve({ code, signal })));
    this.#channel = this.process.stdio[3] as Duplex;
    this.#channel.on("error", () => undefined);
    this.#channel.on("data", (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString()).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines.map((line) => JSON.parse(line) as Line));
      this.#wake();
    });
    void this.ended.then(() => this.#wake());
  }

  static async open(env: Readonly<Record<string, string>> = {}): Promise<Bench> {
    const bench = new Bench(await mkdtemp(join(tmpdir(), "runner-node-")), env);
    await bench.next("ready");
    return bench;
  }

  send(message: Line): void {
    this.#channel.write(`${JSON.stringify(message)}\n`);
  }

  /** Closes the channel, as the end of a manager does. */
  hangUp(): void {
    this.#channel.destroy();
  }

  /** The next line of a type; others are kept. */
  async next(type: string, patienceMs = 20_000): Promise<Line> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const at = this.#lines.findIndex((line) => line.type === type);
      if (at >= 0) return this.#lines.splice(at, 1)[0] as Line;
      if (performance.now() > end || this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`no ${type}: ${this.output}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Begins a child. */
  async begin(one: Section, change: (bytes: Buffer) => Buffer = (bytes) => bytes): Promise<void> {
    const bytes = change(await bundle(one));
    const key = `v1/in/m/${one.job}`;
    await this.put(key, bytes);
    this.send(this.runLine(one, { bundle: key }));
  }

  /** A `run` line. */
  runLine(one: Section, choices: Line = {}): Line {
    return {
      ...{ type: "run", job: one.job, child: one.child, attempt: 1, secret: SECRET },
      store: { kind: "fs", root: this.folder },
      ...{ bundle: null, inline: null, outPrefix: `v1/out/m/${one.job}.`, manager: "m" },
      ...choices,
    };
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }

  /** Runs tasks to their end. */
  async run(tasks: readonly BenchTask[], choices: SectionChoices = {}): Promise<Over> {
    this.#jobs += 1;
    await this.begin(section(tasks, { job: `job-${this.#jobs}`, ...choices }));
    return await this.over();
  }

  /** Waits for the end of the child that runs. */
  async over(): Promise<Over> {
    const message = await this.next("over");
    const frames: Frame[] = [];
    const progress: Line[] = [];
    for (const line of this.#lines.splice(0)) {
      if (line.type === "progress") progress.push(line);
      if (line.type === "frame") frames.push(await this.#frame(String(line.key)));
    }
    const results = new Map(frames.flatMap((frame) => frame.results.map((result) => [result.task, { frame, result }])));
    const find = (task: number) => {
      const found = results.get(task);
      if (found === undefined) throw new Error(`task ${task} has no result: ${JSON.stringify(message)}`);
      return found;
    };
    const blob = async (task: number, status: string): Promise<Uint8Array> => {
      const { frame, result } = find(task);
      if (result.status === "died" || result.status !== status) throw new Error(JSON.stringify(result));
      return await frameBlob(frame, result);
    };
    return {
      ...{ message, frames, progress, results },
      result: (task) => find(task).result,
      value: async (task) => decodeValue(await blob(task, "ok")),
      error: async (task) => decodeFailure(await blob(task, "error")).reason,
    };
  }

  async #frame(key: string): Promise<Frame> {
    return await decodeFrame(key, await readFile(join(this.folder, key)), SECRET);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}
