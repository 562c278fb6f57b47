import {
  type CoreOptions,
  Engine,
  type EngineEnd,
  type EngineOptions,
  type EngineStats,
  type Log,
} from "@scaler-aws-hpc/adapter-core";
import {
  MemoryBackend,
  type MemoryOutcome,
  MemoryPayloadStore,
  type MemoryTask,
} from "@scaler-aws-hpc/adapter-core/memory";
import type { Magic } from "@scaler-aws-hpc/scaler-protocol";
import { type Cluster, connectCluster } from "../../cli/src/scaler/cluster.ts";
import type { ClusterOptions } from "../../cli/src/scaler/cluster-options.ts";
import { type StorageRequest, WireScheduler } from "../src/fakes/wire-scheduler/index.ts";

/** How a {@link ManagerBed} differs from the usual one. */
export interface BedOptions {
  readonly magic?: Magic;
  readonly core?: Partial<CoreOptions>;
  readonly engine?: Partial<EngineOptions>;
  readonly cluster?: (scheduler: WireScheduler) => Partial<ClusterOptions>;
  /** Before the manager connects. */
  readonly prepare?: (scheduler: WireScheduler) => void;
}

/** The real engine and the real wire, in this process, between a scripted scheduler and a backend whose tasks a test lets end. */
export class ManagerBed implements AsyncDisposable {
  readonly scheduler: WireScheduler;
  readonly engine: Engine;
  /** Every line of the log, level first. */
  readonly lines: string[] = [];
  /** Runs by task id. */
  readonly runs = new Map<string, number>();
  readonly #cluster: Cluster;
  readonly #backend: MemoryBackend;
  readonly #store = new MemoryPayloadStore();
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  private constructor(scheduler: WireScheduler, options: BedOptions) {
    this.scheduler = scheduler;
    const log = this.#log();
    this.#cluster = connectCluster({ schedulerAddress: scheduler.address, log, ...options.cluster?.(scheduler) });
    this.#backend = new MemoryBackend({ store: this.#store, run: (task) => this.#run(task) });
    this.engine = Engine.open({
      scheduler: this.#cluster.scheduler,
      objects: this.#cluster.objects,
      backend: this.#backend,
      store: this.#store,
      runners: [{ name: "python", protocol: 1, matches: (head) => head[0] === 0x80 }],
      log,
      managerId: "bed",
      workerManagerId: "bed",
      absentAfterMs: 50,
      ...options.engine,
      core: {
        jobPrefix: "bed",
        profiles: [{ name: "default", slots: 2, capabilities: { linux: -1 }, settings: {} }],
        backend: this.#backend.traits,
        heartbeatMs: 50,
        linkTimeoutMs: 5_000,
        retryMs: 10,
        ...options.core,
      },
    });
  }

  static async open(options: BedOptions = {}): Promise<ManagerBed> {
    const scheduler = await WireScheduler.start(options.magic === undefined ? {} : { magic: options.magic });
    options.prepare?.(scheduler);
    return new ManagerBed(scheduler, options);
  }

  /** Lets a task that waits (function `wait`) end, now or when it runs. */
  release(taskId: string): void {
    this.#gate(taskId).resolve();
  }

  /** Resolves once a task is running. */
  async running(taskId: string): Promise<void> {
    // Whatever it starts is followed by a heartbeat, so the journal moves on.
    await this.scheduler.journal.until(`${taskId} runs`, () => this.runs.has(taskId));
  }

  stats(): EngineStats {
    return this.engine.stats();
  }

  /** Finishes what runs, leaves, ends. */
  async drained(): Promise<EngineEnd> {
    return await this.engine.stop({ graceMs: 8_000 });
  }

  /** Lines of the log that matter to a user: warnings and errors. */
  warnings(): readonly string[] {
    return this.lines.filter((line) => /^(warn|error) /.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    await this.#cluster[Symbol.asyncDispose]();
    await this.#backend[Symbol.asyncDispose]();
    await this.scheduler[Symbol.asyncDispose]();
  }

  #gate(taskId: string): PromiseWithResolvers<void> {
    const gate = this.#gates.get(taskId) ?? Promise.withResolvers<void>();
    this.#gates.set(taskId, gate);
    return gate;
  }

  async #run(task: MemoryTask): Promise<MemoryOutcome> {
    this.runs.set(task.id, (this.runs.get(task.id) ?? 0) + 1);
    const what = Buffer.from(task.fn).toString();
    if (what === "wait") await this.#gate(task.id).promise;
    if (what === "die") return { status: "died", cause: { kind: "exit", reason: "exit code 3", first: true } };
    if (what === "raise") return { status: "error", blob: Buffer.from("an exception") };
    const said = Buffer.from(`task ${task.id} says\n`);
    return { status: "ok", blob: Buffer.concat(task.args), out: said, err: Buffer.from("and warns\n") };
  }

  #log(): Log {
    const at = (level: string) => (message: string, fields?: object) => {
      this.lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}

/** Holds back every SET from now on, until its `proceed`. */
export function holdSets(scheduler: WireScheduler): { readonly first: Promise<StorageRequest>; stop(): void } {
  const first = Promise.withResolvers<StorageRequest>();
  scheduler.storage.script = (request) => {
    if (request.header.requestType !== "setObject") return false;
    first.resolve(request);
    return true;
  };
  return {
    first: first.promise,
    stop: () => {
      scheduler.storage.script = () => false;
    },
  };
}
