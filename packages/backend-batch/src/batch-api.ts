import type {
  ComputeEnvironmentDetail,
  GetJobQueueSnapshotResponse,
  JobDefinition,
  JobDetail,
  JobQueueDetail,
  JobStatus,
  JobSummary,
  SubmitJobRequest,
} from "@aws-sdk/client-batch";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";

export type {
  ComputeEnvironmentDetail,
  JobDefinition,
  JobDetail,
  JobQueueDetail,
  JobStatus,
  JobSummary,
  SubmitJobRequest,
} from "@aws-sdk/client-batch";

/** Ids that one DescribeJobs takes. */
export const DESCRIBE_MOST = 100;
/** Ids that one TerminateJobs takes. */
export const TERMINATE_MOST = 50;
/** Jobs on one page of ListJobs when a state is asked for. */
export const LIST_PAGE = 1_000;

/** What one ListJobs asks for: the jobs of a queue in a state, the children of an array in a state, or the jobs of one name in a queue. */
export type ListQuestion =
  | { readonly queue: string; readonly status: JobStatus; readonly most?: number }
  | { readonly array: string; readonly status: JobStatus; readonly most?: number }
  | { readonly queue: string; readonly name: string };

/** One page of jobs; `next` asks for the following one. */
export interface JobPage {
  readonly jobs: readonly JobSummary[];
  readonly next: string | undefined;
}

/**
 * The verbs of AWS Batch that this backend needs; each is one request, never repeated by itself. They throw what the SDK throws: `classifyAwsFailure` says
 * what that means.
 */
export interface BatchApi {
  /** Where requests go, for messages. */
  readonly region: string;
  submit(request: SubmitJobRequest, options?: AbortOptions): Promise<string | undefined>;
  describe(ids: readonly string[], options?: AbortOptions): Promise<readonly JobDetail[]>;
  list(question: ListQuestion, next?: string, options?: AbortOptions): Promise<JobPage>;
  terminate(id: string, reason: string, options?: AbortOptions): Promise<void>;
  /** At most {@link TERMINATE_MOST} ids; gives those that the service did not take. */
  terminateMany(ids: readonly string[], reason: string, options?: AbortOptions): Promise<readonly string[]>;
  queues(names: readonly string[], options?: AbortOptions): Promise<readonly JobQueueDetail[]>;
  /** Active revisions of a definition; or the one that an ARN or `name:revision` names. */
  definitions(name: string, options?: AbortOptions): Promise<readonly JobDefinition[]>;
  environments(names: readonly string[], options?: AbortOptions): Promise<readonly ComputeEnvironmentDetail[]>;
  snapshot(queue: string, options?: AbortOptions): Promise<GetJobQueueSnapshotResponse>;
  /** The last lines of a log stream, oldest first. */
  logTail(group: string, stream: string, lines: number, options?: AbortOptions): Promise<readonly string[]>;
  /** Makes new clients, which read credentials anew. */
  renew(): void;
  /** Closes the connections. */
  close(): void;
}
