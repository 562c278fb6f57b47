import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ChildProgram,
  type Cluster,
  type ClusterOptions,
  type FaultProxy,
  HarnessError,
  type ManagerOptions,
  startClient,
  startCluster,
  startFaultProxy,
  startManager,
} from "../scaler/index.ts";
import { type RunRecord, readRecord } from "./run-record.ts";

/** What a client of short tasks is to do. */
export interface FaultLoad {
  readonly tasks: number;
  /** How long each task takes. */
  readonly seconds: number;
}

/** What the client said at its end. */
export interface FaultOutcome {
  readonly right: number;
  /** The first few futures that resolved to something else, in words. */
  readonly wrong: readonly string[];
}

/** A run of `fault_client.py`. */
export interface FaultClient {
  readonly program: ChildProgram;
  /** Resolves once so many futures are done. */
  done(count: number, timeoutMs?: number): Promise<void>;
  /** Resolves when every future has resolved. */
  outcome(timeoutMs?: number): Promise<FaultOutcome>;
  /** What ran, and how often. */
  record(): Promise<RunRecord>;
}

/** Futures between two reports of the client. */
const EVERY = 100;
const LIMIT_MS = 110_000;

/**
 * A cluster and our manager, which reaches scheduler and object storage through fault proxies while clients and native workers connect
 * directly.
 */
export class FaultBed implements AsyncDisposable {
  readonly cluster: Cluster;
  /** On the way of our workers to the scheduler. */
  readonly link: FaultProxy;
  /** On the way of our manager to the object storage. */
  readonly storage: FaultProxy;
  readonly #managers: ChildProgram[] = [];
  readonly #clients: ChildProgram[] = [];

  private constructor(cluster: Cluster, link: FaultProxy, storage: FaultProxy) {
    this.cluster = cluster;
    this.link = link;
    this.storage = storage;
  }

  static async open(options: ClusterOptions = {}): Promise<FaultBed> {
    const cluster = await startCluster(options);
    const link = await startFaultProxy({ targetPort: cluster.schedulerPort });
    const storage = await startFaultProxy({ targetPort: cluster.storagePort });
    return new FaultBed(cluster, link, storage);
  }

  /** Starts a manager of ours with two slots and resolves once a worker of it is connected. */
  async manager(options: ManagerOptions = {}): Promise<ChildProgram> {
    const before = this.link.accepted;
    const manager = await startManager(this.cluster, {
      address: `tcp://127.0.0.1:${this.link.port}`,
      ...options,
      args: [
        ...["--max-concurrent-jobs", "2", "--per-worker-task-queue-size", "1000"],
        ...["--object-storage-address", `tcp://127.0.0.1:${this.storage.port}`],
        ...(options.args ?? []),
      ],
      env: { FAULTS_SIDE: "ours", ...options.env },
    });
    this.#managers.push(manager);
    // The manager's own connection and one worker's.
    await until("our manager is connected", () => this.link.accepted >= before + 2, 20_000);
    return manager;
  }

  async client(load: FaultLoad): Promise<FaultClient> {
    const file = join(this.cluster.folder, `runs-${this.#clients.length}`);
    const args = ["--tasks", load.tasks, "--seconds", load.seconds, "--record", file, "--every", EVERY].map(String);
    const program = await startClient(this.cluster, "fault_client.py", args);
    this.#clients.push(program);
    return {
      program,
      async done(count, timeoutMs = LIMIT_MS) {
        await program.waitForLog(new RegExp(`"done": ${Math.ceil(count / EVERY) * EVERY}\\b`), timeoutMs);
      },
      async outcome(timeoutMs = LIMIT_MS) {
        const [line] = await program.waitForLog(/^\{"right": .*\}$/m, timeoutMs);
        await program.exited;
        return JSON.parse(line) as FaultOutcome;
      },
      record: () => readRecord(file),
    };
  }

  /** Everything that was printed, for the text of a failure. */
  logs(): string {
    const programs = [...this.#managers, ...this.#clients];
    return [...programs.map(({ name, logs }) => `--- ${name}\n${logs.tail()}`), this.cluster.logs()].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients, ...this.#managers].map((program) => program[Symbol.asyncDispose]()));
    await Promise.all([this.link[Symbol.asyncDispose](), this.storage[Symbol.asyncDispose]()]);
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Polls until it holds. @throws {HarnessError} `timeout` */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new HarnessError("timeout", `not within ${timeoutMs} ms: ${what}`);
    await sleep(50, undefined, options);
  }
}
