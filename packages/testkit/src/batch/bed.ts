import { randomBytes } from "node:crypto";
import type { BackendHost, ChildChange, JobSpec, Log, PluginOptions, ProfileSpec } from "@scaler-aws-hpc/adapter-core";
import { systemClock } from "@scaler-aws-hpc/adapter-core";
import { type BatchBackend, openBatch, type WatchTimes } from "@scaler-aws-hpc/backend-batch";
import { BatchEmulator, type BatchEmulatorOptions, lasting } from "../batch-emulator/index.ts";

/** Looks a tenth as far apart as they are on AWS, so that tests take seconds. */
const QUICK: WatchTimes = {
  firstLookMs: 150,
  roundMs: 150,
  mostRoundMs: 1_000,
  mostPeriodMs: 2_000,
  backlogMs: 100,
  visibilityMs: 400,
};

/** What a {@link BatchBed} is like. */
export interface BatchBedOptions {
  readonly emulator?: Partial<BatchEmulatorOptions>;
  readonly options?: PluginOptions;
  readonly profiles?: readonly ProfileSpec[];
  readonly managerId?: string;
  readonly times?: Partial<WatchTimes>;
  /** After how many milliseconds in RUNNABLE a job is reported, and after how many it is given up. */
  readonly runnable?: { readonly runnableDwellMs: number; readonly runnableTimeoutMs: number | undefined };
  /** Longest silence of the service in one request, in milliseconds. */
  readonly timeoutMs?: number;
}

/** The backend before the emulator, and what it logged. */
export class BatchBed implements AsyncDisposable {
  readonly emulator: BatchEmulator;
  readonly backend: BatchBackend;
  /** Lines of the log, `level message` with fields. */
  readonly lines: readonly string[];
  /** Every change, in order. */
  readonly told: ChildChange[] = [];
  readonly host: BackendHost;

  private constructor(emulator: BatchEmulator, backend: BatchBackend, host: BackendHost, lines: readonly string[]) {
    this.emulator = emulator;
    this.backend = backend;
    this.host = host;
    this.lines = lines;
  }

  static async open(options: BatchBedOptions = {}): Promise<BatchBed> {
    const emulator = await startEmulator(options.emulator);
    try {
      const { host, lines } = batchHost(options);
      return new BatchBed(emulator, await openBackend(host, options), host, lines);
    } catch (reason) {
      await emulator[Symbol.asyncDispose]();
      throw reason;
    }
  }

  /** A job that is not submitted yet. */
  spec(choices: Partial<JobSpec> = {}): JobSpec {
    return jobSpec(this.host, choices);
  }

  async submit(choices: Partial<JobSpec> = {}): Promise<JobSpec> {
    const spec = this.spec(choices);
    await this.backend.submit(spec);
    return spec;
  }

  /** Asks for changes of jobs until `done` says that enough was told. */
  async until(jobs: readonly string[], done: () => boolean, patienceMs = 10_000): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!done()) {
      this.told.push(...(await this.backend.changes(jobs)));
      if (performance.now() > end)
        throw new Error(`not within ${patienceMs} ms: ${JSON.stringify(this.told).slice(-500)}`);
      await systemClock.sleep(20);
    }
  }

  /** Waits until all children of jobs are over; gives their ends by child. */
  async over(...specs: readonly JobSpec[]): Promise<readonly ChildChange[]> {
    const expected = specs.reduce((sum, { children }) => sum + children, 0);
    const names = specs.map(({ name }) => name);
    const ends = (): readonly ChildChange[] =>
      this.told.filter(({ job, state }) => names.includes(job) && state !== "running");
    await this.until(names, () => ends().length >= expected);
    return ends();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend[Symbol.asyncDispose]();
    await this.emulator[Symbol.asyncDispose]();
  }
}

/** A job of a manager, with a bundle that is in no store. */
export function jobSpec(host: BackendHost, choices: Partial<JobSpec> = {}): JobSpec {
  const { managerId, store } = host;
  const name = choices.name ?? `${managerId}-${randomBytes(6).toString("hex")}`;
  const children = choices.children ?? 1;
  return {
    name,
    profile: "default",
    runner: "python",
    children,
    payload: { kind: "bundle", key: `v1/in/${managerId}/${name}`, bytes: 100, store },
    outPrefix: `v1/out/${managerId}/${name}.`,
    secret: randomBytes(32).toString("hex"),
    tasksPerChild: Array.from({ length: children }, () => 1),
    taskLimitMs: 60_000,
    childLimitMs: 120_000,
    fresh: false,
    attempts: 1,
    ...choices,
  };
}

/** The emulator, found by whoever reads this process' environment. */
export async function startEmulator(options: Partial<BatchEmulatorOptions> = {}): Promise<BatchEmulator> {
  const emulator = await BatchEmulator.start({
    runner: { mode: "simulated", run: lasting(() => 100) },
    startMs: 50,
    visibilityMs: 50,
    ...options,
  });
  Object.assign(process.env, emulator.env);
  return emulator;
}

/** What a backend gets, with a log that is kept. */
export function batchHost(options: BatchBedOptions = {}): { readonly host: BackendHost; readonly lines: string[] } {
  const lines: string[] = [];
  const line = (level: string) => (message: string, fields?: object) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  };
  const log: Log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  const host: BackendHost = {
    clock: systemClock,
    log,
    managerId: options.managerId ?? "bed",
    profiles: options.profiles ?? [{ name: "default", slots: 100, capabilities: {}, settings: {} }],
    runners: [],
    runnerOptions: {},
    store: { kind: "s3", bucket: "a-bucket", prefix: "some/prefix", region: "us-east-1", owner: "-" },
  };
  return { host, lines };
}

/** Opens the backend on the queue and definition that the emulator has by itself. */
export async function openBackend(host: BackendHost, options: BatchBedOptions = {}): Promise<BatchBackend> {
  const plain = { "job-queue": "emulator-queue", "job-definition": "emulator-job", ...options.options };
  const { timeoutMs, runnable } = options;
  const times = { ...QUICK, ...options.times };
  return await openBatch(plain, host, { times, ...(timeoutMs && { timeoutMs }), ...(runnable && { runnable }) });
}
