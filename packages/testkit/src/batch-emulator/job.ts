import type { JobDefinition } from "./definitions.ts";
import type { JobQueue } from "./queues.ts";
import type { RetryStrategy } from "./retry-rules.ts";

/** States of a job, in their order. */
export const STATUSES = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"] as const;
/** One of them. */
export type JobStatus = (typeof STATUSES)[number];

/** True for a job that nothing happens to any more. */
export function isOver(status: JobStatus): boolean {
  return status === "SUCCEEDED" || status === "FAILED";
}

/** What a SubmitJob asked for, with what the definition says; children of an array have one together. */
export interface JobSpec {
  readonly name: string;
  readonly queue: JobQueue;
  readonly definition: JobDefinition;
  /** The definition's, then the job's. */
  readonly parameters: Readonly<Record<string, string>>;
  /** After `Ref::` was replaced. */
  readonly command: readonly string[];
  /** The definition's, then the job's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<string, string>>;
  readonly retry: RetryStrategy;
  readonly timeoutSeconds: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly propagateTags: boolean;
  readonly dependsOn: readonly string[];
  readonly createdAt: number;
  /** Why it fails before it runs, as its override is too long or its tags too many. */
  readonly refused: string | undefined;
}

/** One attempt that is over. */
export interface Attempt {
  readonly startedAt?: number | undefined;
  readonly stoppedAt: number;
  readonly statusReason?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly taskArn?: string | undefined;
  readonly logStreamName?: string | undefined;
}

/** A job that has a container: a single one, or a child of an array. */
export interface UnitJob {
  readonly id: string;
  readonly spec: JobSpec;
  readonly parent: ArrayJob | undefined;
  readonly index: number | undefined;
  status: JobStatus;
  statusReason: string | undefined;
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  exitCode: number | undefined;
  reason: string | undefined;
  taskArn: string | undefined;
  logStreamName: string | undefined;
  readonly attempts: Attempt[];
  isCancelled: boolean;
  isTerminated: boolean;
  /** Ends the attempt that is under way; set while there is one. */
  stop: ((why: string) => void) | undefined;
}

/** The parent of an array: it has no container. */
export interface ArrayJob {
  readonly id: string;
  readonly spec: JobSpec;
  readonly children: readonly UnitJob[];
  status: JobStatus;
  statusReason: string | undefined;
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  readonly counts: Record<JobStatus, number>;
  /** What DescribeJobs says of the children, which may be a little old. */
  summary: { readonly counts: Readonly<Record<JobStatus, number>>; readonly at: number };
  isCancelled: boolean;
  isTerminated: boolean;
}

/** A single job or an array. */
export type TopJob = UnitJob | ArrayJob;

/** Tells the two apart. */
export function isArray(job: TopJob): job is ArrayJob {
  return "children" in job;
}

/** A job before anything happened to it. */
export function newUnit(id: string, spec: JobSpec, parent?: ArrayJob, index?: number): UnitJob {
  return {
    id,
    spec,
    parent,
    index,
    status: "SUBMITTED",
    statusReason: undefined,
    startedAt: undefined,
    stoppedAt: undefined,
    exitCode: undefined,
    reason: undefined,
    taskArn: undefined,
    logStreamName: undefined,
    attempts: [],
    isCancelled: false,
    isTerminated: false,
    stop: undefined,
  };
}

/** An array of so many children, before anything happened to it. */
export function newArray(id: string, spec: JobSpec, size: number): ArrayJob {
  const children: UnitJob[] = [];
  const counts = noCounts();
  counts.SUBMITTED = size;
  const parent: ArrayJob = {
    id,
    spec,
    children,
    status: "SUBMITTED",
    statusReason: undefined,
    startedAt: undefined,
    stoppedAt: undefined,
    counts,
    summary: { counts: noCounts(), at: spec.createdAt },
    isCancelled: false,
    isTerminated: false,
  };
  for (let index = 0; index < size; index += 1) children.push(newUnit(`${id}:${index}`, spec, parent, index));
  return parent;
}

function noCounts(): Record<JobStatus, number> {
  return { SUBMITTED: 0, PENDING: 0, RUNNABLE: 0, STARTING: 0, RUNNING: 0, SUCCEEDED: 0, FAILED: 0 };
}
