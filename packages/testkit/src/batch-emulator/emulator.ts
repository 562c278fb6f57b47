import { randomUUID } from "node:crypto";
import { FakeS3, type FakeS3Options } from "../fake-s3/index.ts";
import { REGION } from "./account.ts";
import { ApiServer } from "./api-server.ts";
import { type ApiCall, CallLog } from "./call-log.ts";
import { Cluster } from "./cluster.ts";
import { control } from "./control.ts";
import { Definitions, PROVISIONED, PROVISIONED_ON_FARGATE } from "./definitions.ts";
import { Faults } from "./faults.ts";
import { isArray, isOver, type TopJob, type UnitJob } from "./job.ts";
import { JobTable } from "./job-table.ts";
import { LIMITS } from "./limits.ts";
import { LogStreams } from "./log-streams.ts";
import type { BatchEmulatorOptions } from "./options.ts";
import { Queues } from "./queues.ts";
import { hostOf } from "./runner-host.ts";
import { timingOf } from "./timing.ts";
import { TokenBucket } from "./token-bucket.ts";

const MANAGER_KEY = "AKIAEMULATEDMANAGER1";
const CONTAINER_KEY = "AKIAEMULATEDCONTAINER";
const SECRET = "emulated";

/** AWS Batch, CloudWatch Logs and S3, as strict as they are known to be, on this machine. */
export class BatchEmulator implements AsyncDisposable {
  /** Of Batch and of CloudWatch Logs. */
  readonly endpoint: string;
  readonly s3Endpoint: string;
  /** The S3 of its own, if it has one. */
  readonly s3: FakeS3 | undefined;
  /** For programs that are to find all this: endpoints, keys and region. */
  readonly env: Readonly<Record<string, string>>;
  readonly faults: Faults;
  readonly #server: ApiServer;
  readonly #parts: EmulatorParts;

  private constructor(server: ApiServer, parts: EmulatorParts) {
    this.#server = server;
    this.#parts = parts;
    this.endpoint = server.endpoint;
    this.s3Endpoint = parts.s3Endpoint;
    this.s3 = parts.s3;
    this.faults = parts.faults;
    this.env = {
      ...awsEnvironment(parts.s3Endpoint, MANAGER_KEY),
      AWS_ENDPOINT_URL_BATCH: this.endpoint,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: this.endpoint,
    };
  }

  static async start(options: BatchEmulatorOptions): Promise<BatchEmulator> {
    const s3 = options.s3 !== undefined && "endpoint" in options.s3 ? undefined : await startS3(options);
    const s3Endpoint = s3?.endpoint ?? (options.s3 as { readonly endpoint: string }).endpoint;
    const timing = timingOf(options);
    const faults = new Faults(options.seed ?? 1);
    for (const rule of options.attemptFaults ?? []) faults.addAttemptRule(rule);
    for (const rule of options.callFaults ?? []) faults.addCallRule(rule);
    const logs = new LogStreams();
    const jobs = new JobTable(timing.visibilityMs, timing.retentionMs);
    const queues = new Queues(options.queues ?? [{ name: "emulator-queue" }]);
    const definitions = new Definitions();
    const onFargate = queues.all.every(({ type }) => type.startsWith("FARGATE"));
    const provisioned = onFargate ? PROVISIONED_ON_FARGATE : PROVISIONED;
    for (const definition of options.definitions ?? [{ ...provisioned, jobDefinitionName: "emulator-job" }])
      definitions.register(definition);
    const { PATH = "", HOME = "", LANG = "C.UTF-8" } = process.env;
    const baseEnvironment = {
      ...(options.containerEnvironment ?? { PATH, HOME, LANG }),
      ...awsEnvironment(s3Endpoint, CONTAINER_KEY),
    };
    const host = hostOf(options.runner, baseEnvironment);
    const cluster = new Cluster({ host, faults, logs, timing, baseEnvironment }, jobs);
    const calls = new CallLog();
    const parts = { s3, s3Endpoint, faults, logs, jobs, queues, definitions, cluster, calls, timing };
    const { overrideRule = "measured", bulk = true } = options;
    let emulator: BatchEmulator | undefined;
    const server = await ApiServer.start(
      {
        state: { queues, definitions, jobs, cluster, overrideRule, bulk, newId: () => randomUUID() },
        logs,
        faults,
        calls,
        bucket: new TokenBucket(options.callsPerSecond ?? LIMITS.callsPerSecond.value),
        timing,
        control: (path, body) => (emulator === undefined ? undefined : control(emulator, path, body)),
      },
      options.port,
    );
    emulator = new BatchEmulator(server, parts);
    return emulator;
  }

  /** Milliseconds that each call takes longer, S3's too. */
  set latencyMs(value: number) {
    this.#parts.timing.latencyMs = value;
    if (this.s3 !== undefined) this.s3.latencyMs = value;
  }

  /** Calls of Batch and of the logs by operation, refused ones too. */
  counts(): Readonly<Record<string, number>> {
    return this.#parts.calls.counts;
  }

  /** Every call, in order. */
  calls(): readonly ApiCall[] {
    return this.#parts.calls.calls;
  }

  /** Most calls within any one second; of one operation, or of all. */
  maxPerSecond(operation?: string): number {
    return this.#parts.calls.maxPerSecond(operation);
  }

  resetCounts(): void {
    this.#parts.calls.reset();
    this.s3?.resetCounts();
  }

  /** Single jobs and arrays, whether the API shows them or not. */
  jobs(): readonly TopJob[] {
    return this.#parts.jobs.all();
  }

  /** Jobs with a container: single ones and children. */
  units(): readonly UnitJob[] {
    return this.#parts.jobs.units();
  }

  /** Ids of single jobs and arrays that are not over. */
  liveJobs(): readonly string[] {
    return this.jobs()
      .filter(({ status }) => !isOver(status))
      .map(({ id }) => id);
  }

  /** A job, an array or a child. */
  job(id: string): TopJob | undefined {
    return this.#parts.jobs.find(id);
  }

  /** Containers: now, most at once, ever. */
  get containers(): { readonly running: number; readonly peak: number; readonly started: number } {
    const { running, peak, started } = this.#parts.cluster;
    return { running, peak, started };
  }

  /** What a job's last attempt printed. */
  logOf(id: string): string {
    const job = this.job(id);
    return job === undefined || isArray(job) ? "" : this.#parts.logs.text(job.logStreamName ?? "");
  }

  /** Kills the container of a job; false when it has none. */
  killChild(id: string, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): boolean {
    const job = this.job(id);
    return job !== undefined && !isArray(job) && this.#parts.cluster.kill(job, signal);
  }

  /** Has nothing leave RUNNABLE in a queue, for that reason; `undefined` lets it go on. */
  stick(queueName: string, reason: string | undefined): void {
    const queue = this.#parts.queues.find(queueName);
    if (queue !== undefined) this.#parts.cluster.stick(queue, reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#parts.cluster[Symbol.asyncDispose]();
    await this.s3?.[Symbol.asyncDispose]();
    this.#parts.logs[Symbol.dispose]();
  }
}

interface EmulatorParts {
  readonly s3: FakeS3 | undefined;
  readonly s3Endpoint: string;
  readonly faults: Faults;
  readonly logs: LogStreams;
  readonly jobs: JobTable;
  readonly queues: Queues;
  readonly definitions: Definitions;
  readonly cluster: Cluster;
  readonly calls: CallLog;
  readonly timing: ReturnType<typeof timingOf>;
}

async function startS3(options: BatchEmulatorOptions): Promise<FakeS3> {
  const { latencyMs = 0, seed = 1, s3 } = options;
  const secrets = { [MANAGER_KEY]: SECRET, [CONTAINER_KEY]: SECRET };
  return await FakeS3.start({ latencyMs, seed, secrets, ...(s3 as FakeS3Options | undefined) });
}

function awsEnvironment(s3Endpoint: string, accessKey: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_S3: s3Endpoint,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}
