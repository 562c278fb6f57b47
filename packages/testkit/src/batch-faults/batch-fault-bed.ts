import { join } from "node:path";
import { type BatchEmulator, type BatchEmulatorOptions, startBatchEmulator } from "../batch-emulator/index.ts";
import { until } from "../faults/fault-bed.ts";
import { type RunRecord, readRecord } from "../faults/run-record.ts";
import {
  ChildProgram,
  type Cluster,
  cliProgram,
  nodeProgram,
  type ProgramExit,
  releaseBin,
  repositoryRoot,
  startClient,
  startCluster,
  startManager,
} from "../scaler/index.ts";

const RUNNER = join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");
const AWS = ["-q", "emulator-queue", "-d", "emulator-job", "--s3-bucket", "emulator-bucket"];
const WAIT_MS = 45_000;

/** What `batch_fault_client.py` said of its futures. */
export interface Outcome {
  readonly right: number;
  /** Values that are not what the task returned: never, whatever happens. */
  readonly wrong: readonly string[];
  /** Exceptions, as `number: type: text`. */
  readonly failed: readonly string[];
}

/** A run of `batch_fault_client.py`. */
export interface BatchFaultClient {
  readonly program: ChildProgram;
  outcome(timeoutMs?: number): Promise<Outcome>;
  record(): Promise<RunRecord>;
  /** Resolves once so many tasks have begun. */
  begun(count: number): Promise<void>;
}

/** Options of the client by their names. */
export type ClientOptions = Readonly<Record<string, string | number>>;

/** How a command ended, and all that it printed. */
export interface Ran extends ProgramExit {
  readonly stdout: string;
  readonly text: string;
}

/** One real cluster before the emulator, for managers and clients that come and go. */
export class BatchFaultBed implements AsyncDisposable {
  readonly aws: BatchEmulator;
  readonly cluster: Cluster;
  readonly #programs: ChildProgram[] = [];
  #clients = 0;

  private constructor(aws: BatchEmulator, cluster: Cluster) {
    this.aws = aws;
    this.cluster = cluster;
  }

  static async open(options: Partial<BatchEmulatorOptions> = {}): Promise<BatchFaultBed> {
    const python = join(releaseBin("2.9.0"), "python");
    const aws = await startBatchEmulator({
      runner: { mode: "warm", python, script: RUNNER },
      startMs: 50,
      ...options,
    });
    return new BatchFaultBed(aws, await startCluster());
  }

  get s3() {
    const { s3 } = this.aws;
    if (s3 === undefined) throw new Error("the emulator has an S3 of its own");
    return s3;
  }

  async manager(id: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const flags = [...AWS, "--max-concurrent-jobs", "5", "--batch-start-seconds", "1", ...args];
    const program = await startManager(this.cluster, {
      backend: "batch",
      workerManagerId: id,
      args: flags,
      env: { ...this.aws.env, ...env },
    });
    this.#programs.push(program);
    return program;
  }

  async client(options: ClientOptions = {}): Promise<BatchFaultClient> {
    this.#clients += 1;
    const file = join(this.cluster.folder, `ran-${this.#clients}`);
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const program = await startClient(this.cluster, "batch_fault_client.py", ["--record", file, ...args]);
    this.#programs.push(program);
    const record = (): Promise<RunRecord> => readRecord(file);
    return {
      program,
      record,
      outcome: async (timeoutMs = WAIT_MS) => {
        const [line] = await program.waitForLog(/^\{"right": .*\}$/m, timeoutMs);
        return JSON.parse(line) as Outcome;
      },
      begun: (count) => until(`${count} tasks run`, async () => (await record()).tasks >= count, WAIT_MS),
    };
  }

  /** Runs a command of ours to its end. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const program = await ChildProgram.start({
      name: args.slice(0, 2).join(" "),
      file: nodeProgram(),
      args: [cliProgram(), ...args],
      env: { ...this.cluster.env, ...this.aws.env, NODE_ENV: "production", NO_COLOR: "1", ...env },
      cwd: this.cluster.folder,
    });
    this.#programs.push(program);
    const exit = await program.exited;
    return { ...exit, stdout: program.stdout.text, text: program.logs.text };
  }

  async orphans(verb: string, id: string, ...more: readonly string[]): Promise<Ran> {
    return await this.run(["orphans", verb, ...AWS, "--worker-manager-id", id, ...more]);
  }

  /** Keys that only a lifecycle rule or a later process would remove. */
  leftKeys(): readonly string[] {
    return this.s3.keys().filter((key) => !key.endsWith("/lease"));
  }

  logs(): string {
    return this.#programs.map(({ name, logs }) => `--- ${name}\n${logs.tail()}`).join("\n");
  }

  /** Ends every program that was started since, and forgets all faults. */
  async clear(): Promise<void> {
    this.aws.faults.clear();
    this.s3.faults.clear();
    for (const program of this.#programs.splice(0)) await program[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.cluster[Symbol.asyncDispose]();
    await this.aws[Symbol.asyncDispose]();
  }
}
