import {
  BatchClient,
  DescribeJobsCommand,
  type JobDetail,
  SubmitJobCommand,
  type SubmitJobCommandInput,
} from "@aws-sdk/client-batch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { S3Client } from "@aws-sdk/client-s3";
import {
  type BatchEmulator,
  type BatchEmulatorOptions,
  lasting,
  startBatchEmulator,
} from "../src/batch-emulator/index.ts";

/** Bucket, queue and definition that an emulator has by itself. */
export const BUCKET = "emulator-bucket";
/** Its queue. */
export const QUEUE = "emulator-queue";
/** Its definition. */
export const DEFINITION = "emulator-job";

const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "test" };

/** An emulator and the real SDK's clients of it, which try once. */
export class EmulatorBed implements AsyncDisposable {
  readonly aws: BatchEmulator;
  readonly batch: BatchClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;

  private constructor(aws: BatchEmulator) {
    const region = "us-east-1";
    this.aws = aws;
    this.batch = new BatchClient({ endpoint: aws.endpoint, region, credentials, maxAttempts: 1 });
    this.logs = new CloudWatchLogsClient({ endpoint: aws.endpoint, region, credentials, maxAttempts: 1 });
    this.s3 = new S3Client({ endpoint: aws.s3Endpoint, region, credentials, maxAttempts: 1 });
  }

  /** Quick, without a limit of calls, with containers that are timers, unless told otherwise. */
  static async open(options: Partial<BatchEmulatorOptions> = {}): Promise<EmulatorBed> {
    return new EmulatorBed(
      await startBatchEmulator({
        runner: { mode: "simulated", run: lasting(() => 20) },
        startMs: 5,
        visibilityMs: 0,
        callsPerSecond: Number.POSITIVE_INFINITY,
        ...options,
      }),
    );
  }

  /** Submits a job and gives its id. */
  async submit(input: Partial<SubmitJobCommandInput> = {}): Promise<string> {
    const { jobId } = await this.batch.send(
      new SubmitJobCommand({ jobName: "job", jobQueue: QUEUE, jobDefinition: DEFINITION, ...input }),
    );
    return jobId ?? "";
  }

  async describe(id: string): Promise<JobDetail | undefined> {
    return (await this.batch.send(new DescribeJobsCommand({ jobs: [id] }))).jobs?.[0];
  }

  /** Waits until a job shows something; fails with what it showed last. */
  async until(id: string, what: (job: JobDetail) => boolean, patienceMs = 10_000): Promise<JobDetail> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const job = await this.describe(id);
      if (job !== undefined && what(job)) return job;
      if (performance.now() > end) throw new Error(`not within ${patienceMs} ms: ${JSON.stringify(job)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits until a job is over. */
  async over(id: string, patienceMs?: number): Promise<JobDetail> {
    return await this.until(id, ({ status }) => status === "SUCCEEDED" || status === "FAILED", patienceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [this.batch, this.logs, this.s3]) client.destroy();
    await this.aws[Symbol.asyncDispose]();
  }
}
