import type * as Sdk from "@aws-sdk/client-batch";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { clientOptions, type Sending } from "../aws/sdk-options.ts";
import { SdkService } from "../aws/sdk-service.ts";

/** A job that is not over. */
export interface OpenJob {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

/** What is needed of AWS Batch beside what CloudFormation does. Calls reject with an `AdapterError`; `denied` names the action. */
export interface BatchService {
  /** Jobs of a queue that are not over, none for a queue that is not there. */
  openJobs(queue: string, options?: AbortOptions): Promise<readonly OpenJob[]>;
  /** Asks for the end of a job, in whatever state it is. */
  terminate(id: string, reason: string, options?: AbortOptions): Promise<void>;
  /** ARNs of the revisions of a definition that jobs can be made of. */
  activeDefinitions(name: string, options?: AbortOptions): Promise<readonly string[]>;
  deregister(arn: string, options?: AbortOptions): Promise<void>;
  /** Whether there is a queue or environment of this name or ARN. */
  queueExists(queue: string, options?: AbortOptions): Promise<boolean>;
  /** ARNs of a queue's environments in the order in which it tries them; none for a queue that is not there. */
  environmentsOf(queue: string, options?: AbortOptions): Promise<readonly string[]>;
  environmentExists(environment: string, options?: AbortOptions): Promise<boolean>;
}

const OPEN = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"] as const;

/** Loads the SDK, not before it is needed, and opens a client. */
export async function openBatch(region: string): Promise<BatchService & Disposable> {
  const sdk = await import("@aws-sdk/client-batch");
  return new SdkBatch(sdk, new sdk.BatchClient(clientOptions(region)));
}

class SdkBatch extends SdkService<typeof Sdk, Sdk.BatchClient> implements BatchService {
  async openJobs(queue: string, options: AbortOptions = {}): Promise<readonly OpenJob[]> {
    if (!(await this.queueExists(queue, options))) return [];
    const found: OpenJob[] = [];
    for (const jobStatus of OPEN) {
      let nextToken: string | undefined;
      do {
        const command = new this.sdk.ListJobsCommand({ jobQueue: queue, jobStatus, ...(nextToken && { nextToken }) });
        const send = (more: Sending) => this.client.send(command, more);
        const page: Sdk.ListJobsCommandOutput = await this.call("batch:ListJobs", `queue ${queue}`, options, send);
        for (const { jobId, jobName, status } of page.jobSummaryList ?? []) {
          if (jobId !== undefined) found.push({ id: jobId, name: jobName ?? jobId, status: status ?? jobStatus });
        }
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
    }
    return found;
  }

  async terminate(id: string, reason: string, options: AbortOptions = {}): Promise<void> {
    const command = new this.sdk.TerminateJobCommand({ jobId: id, reason });
    await this.call("batch:TerminateJob", `job ${id}`, options, (more) => this.client.send(command, more));
  }

  async activeDefinitions(name: string, options: AbortOptions = {}): Promise<readonly string[]> {
    const found: string[] = [];
    let nextToken: string | undefined;
    do {
      const command: Sdk.DescribeJobDefinitionsCommand = new this.sdk.DescribeJobDefinitionsCommand({
        jobDefinitionName: name,
        status: "ACTIVE",
        ...(nextToken && { nextToken }),
      });
      const page: Sdk.DescribeJobDefinitionsCommandOutput = await this.call(
        "batch:DescribeJobDefinitions",
        `job definition ${name}`,
        options,
        (more) => this.client.send(command, more),
      );
      found.push(...(page.jobDefinitions ?? []).flatMap(({ jobDefinitionArn: arn }) => (arn ? [arn] : [])));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return found;
  }

  async deregister(arn: string, options: AbortOptions = {}): Promise<void> {
    const command = new this.sdk.DeregisterJobDefinitionCommand({ jobDefinition: arn });
    await this.call("batch:DeregisterJobDefinition", `job definition ${arn}`, options, (more) =>
      this.client.send(command, more),
    );
  }

  async queueExists(queue: string, options: AbortOptions = {}): Promise<boolean> {
    const command = new this.sdk.DescribeJobQueuesCommand({ jobQueues: [queue] });
    const { jobQueues = [] } = await this.call("batch:DescribeJobQueues", `queue ${queue}`, options, (more) =>
      this.client.send(command, more),
    );
    return jobQueues.some(({ status }) => status !== "DELETED");
  }

  async environmentsOf(queue: string, options: AbortOptions = {}): Promise<readonly string[]> {
    const command = new this.sdk.DescribeJobQueuesCommand({ jobQueues: [queue] });
    const { jobQueues = [] } = await this.call("batch:DescribeJobQueues", `queue ${queue}`, options, (more) =>
      this.client.send(command, more),
    );
    const order = jobQueues.flatMap(({ computeEnvironmentOrder = [] }) => computeEnvironmentOrder);
    return order
      .toSorted((one, other) => (one.order ?? 0) - (other.order ?? 0))
      .flatMap(({ computeEnvironment }) => (computeEnvironment === undefined ? [] : [computeEnvironment]));
  }

  async environmentExists(environment: string, options: AbortOptions = {}): Promise<boolean> {
    const command = new this.sdk.DescribeComputeEnvironmentsCommand({ computeEnvironments: [environment] });
    const { computeEnvironments = [] } = await this.call(
      "batch:DescribeComputeEnvironments",
      `compute environment ${environment}`,
      options,
      (more) => this.client.send(command, more),
    );
    return computeEnvironments.some(({ status }) => status !== "DELETED");
  }
}
