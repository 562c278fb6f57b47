import type * as BatchSdk from "@aws-sdk/client-batch";
import type * as LogsSdk from "@aws-sdk/client-cloudwatch-logs";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { BatchApi, JobPage, ListQuestion } from "./batch-api.ts";
import { LIST_PAGE } from "./batch-api.ts";

/** Where the clients of {@link openSdk} reach AWS. */
export interface SdkOptions {
  /** @default what the SDK finds (AWS_REGION, the profile), else `us-east-1`, as the original manager had it */
  readonly region?: string | undefined;
  /** Longest silence of the service in one request, in milliseconds. @default 20_000 */
  readonly timeoutMs?: number;
}

const CONNECT_MS = 5_000;
const SOCKETS = 32;
const FALLBACK_REGION = "us-east-1";

type Clients = { readonly batch: BatchSdk.BatchClient; readonly logs: LogsSdk.CloudWatchLogsClient };

/** Loads the SDK (not before it is needed: it takes its time) and opens its clients, with the default credential chain. The SDK repeats nothing by itself. */
export async function openSdk(options: SdkOptions = {}): Promise<BatchApi> {
  const [sdk, logsSdk, { NodeHttpHandler }] = await Promise.all([
    import("@aws-sdk/client-batch"),
    import("@aws-sdk/client-cloudwatch-logs"),
    import("@smithy/node-http-handler"),
  ]);
  const { timeoutMs = 20_000 } = options;
  const open = (region: string | undefined): Clients => {
    const config = () => ({
      // Each try must pass the gate that all calls share, and a submit must never be repeated blindly.
      maxAttempts: 1,
      ...(region === undefined ? {} : { region }),
      requestHandler: new NodeHttpHandler({
        connectionTimeout: CONNECT_MS,
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
        httpAgent: { keepAlive: true, maxSockets: SOCKETS },
        httpsAgent: { keepAlive: true, maxSockets: SOCKETS },
      }),
    });
    return { batch: new sdk.BatchClient(config()), logs: new logsSdk.CloudWatchLogsClient(config()) };
  };
  const region = options.region ?? (await configuredRegion(open(undefined))) ?? FALLBACK_REGION;
  return new SdkBatchApi(sdk, logsSdk, region, () => open(region));
}

/** The region that the environment or the shared files name. */
async function configuredRegion(clients: Clients): Promise<string | undefined> {
  try {
    return await clients.batch.config.region();
  } catch {
    return undefined;
  } finally {
    destroy(clients);
  }
}

function destroy({ batch, logs }: Clients): void {
  batch.destroy();
  logs.destroy();
}

class SdkBatchApi implements BatchApi {
  readonly region: string;
  readonly #sdk: typeof BatchSdk;
  readonly #logsSdk: typeof LogsSdk;
  readonly #open: () => Clients;
  #clients: Clients;

  constructor(sdk: typeof BatchSdk, logsSdk: typeof LogsSdk, region: string, open: () => Clients) {
    this.region = region;
    this.#sdk = sdk;
    this.#logsSdk = logsSdk;
    this.#open = open;
    this.#clients = open();
  }

  async submit(request: BatchSdk.SubmitJobRequest, options?: AbortOptions): Promise<string | undefined> {
    return (await this.#clients.batch.send(new this.#sdk.SubmitJobCommand(request), sending(options))).jobId;
  }

  async describe(ids: readonly string[], options?: AbortOptions): Promise<readonly BatchSdk.JobDetail[]> {
    const command = new this.#sdk.DescribeJobsCommand({ jobs: [...ids] });
    return (await this.#clients.batch.send(command, sending(options))).jobs ?? [];
  }

  async list(question: ListQuestion, next?: string, options?: AbortOptions): Promise<JobPage> {
    const of = "array" in question ? { arrayJobId: question.array } : { jobQueue: question.queue };
    const which =
      "name" in question
        ? { filters: [{ name: "JOB_NAME", values: [question.name] }] }
        : { jobStatus: question.status, maxResults: question.most ?? LIST_PAGE };
    const command = new this.#sdk.ListJobsCommand({
      ...of,
      ...which,
      ...(next === undefined ? {} : { nextToken: next }),
    });
    const { jobSummaryList = [], nextToken } = await this.#clients.batch.send(command, sending(options));
    return { jobs: jobSummaryList, next: nextToken };
  }

  async terminate(id: string, reason: string, options?: AbortOptions): Promise<void> {
    await this.#clients.batch.send(new this.#sdk.TerminateJobCommand({ jobId: id, reason }), sending(options));
  }

  async terminateMany(ids: readonly string[], reason: string, options?: AbortOptions): Promise<readonly string[]> {
    const command = new this.#sdk.TerminateJobsCommand({ jobs: [...ids], reason });
    const { errors = [] } = await this.#clients.batch.send(command, sending(options));
    return errors.flatMap(({ job }) => (job === undefined ? [] : [job]));
  }

  async queues(names: readonly string[], options?: AbortOptions): Promise<readonly BatchSdk.JobQueueDetail[]> {
    const command = new this.#sdk.DescribeJobQueuesCommand({ jobQueues: [...names] });
    return (await this.#clients.batch.send(command, sending(options))).jobQueues ?? [];
  }

  async definitions(name: string, options?: AbortOptions): Promise<readonly BatchSdk.JobDefinition[]> {
    const exact = name.startsWith("arn:") || name.includes(":");
    const found: BatchSdk.JobDefinition[] = [];
    let nextToken: string | undefined;
    do {
      const command = new this.#sdk.DescribeJobDefinitionsCommand({
        ...(exact ? { jobDefinitions: [name] } : { jobDefinitionName: name, status: "ACTIVE" }),
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      const page = await this.#clients.batch.send(command, sending(options));
      found.push(...(page.jobDefinitions ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return found;
  }

  async environments(
    names: readonly string[],
    options?: AbortOptions,
  ): Promise<readonly BatchSdk.ComputeEnvironmentDetail[]> {
    const command = new this.#sdk.DescribeComputeEnvironmentsCommand({ computeEnvironments: [...names] });
    return (await this.#clients.batch.send(command, sending(options))).computeEnvironments ?? [];
  }

  async snapshot(queue: string, options?: AbortOptions): Promise<BatchSdk.GetJobQueueSnapshotResponse> {
    return await this.#clients.batch.send(
      new this.#sdk.GetJobQueueSnapshotCommand({ jobQueue: queue }),
      sending(options),
    );
  }

  async logTail(group: string, stream: string, lines: number, options?: AbortOptions): Promise<readonly string[]> {
    const command = new this.#logsSdk.GetLogEventsCommand({
      logGroupName: group,
      logStreamName: stream,
      limit: lines,
      startFromHead: false,
    });
    const { events = [] } = await this.#clients.logs.send(command, sending(options));
    return events.flatMap(({ message }) => (message === undefined ? [] : [message]));
  }

  renew(): void {
    // The old clients close their connections once the requests under way are over.
    this.#clients = this.#open();
  }

  close(): void {
    destroy(this.#clients);
  }
}

function sending(options: AbortOptions | undefined): { abortSignal?: AbortSignal } {
  return options?.signal ? { abortSignal: options.signal } : {};
}
