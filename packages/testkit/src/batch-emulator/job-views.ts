import { batchArn } from "./account.ts";
import type { Fields } from "./fields.ts";
import { type ArrayJob, type Attempt, isArray, type TopJob, type UnitJob } from "./job.ts";
import { LIMITS } from "./limits.ts";

/** The first in line shows why nothing moves, and only that one does. */
function statusReasonOf(job: TopJob): string | undefined {
  const { queue } = job.spec;
  return job.status === "RUNNABLE" && queue.stuck !== undefined && queue.head() === job
    ? queue.stuck
    : job.statusReason;
}

function cut(reason: string | undefined): string | undefined {
  return reason?.slice(0, LIMITS.containerReasonChars.value);
}

function arrayOf(job: TopJob): Fields | undefined {
  if (isArray(job)) {
    const { summary, children } = job;
    return { size: children.length, statusSummary: summary.counts, statusSummaryLastUpdatedAt: summary.at };
  }
  return job.index === undefined ? undefined : { index: job.index, statusSummary: {} };
}

/** What a page of ListJobs says of a job. */
export function summaryOf(job: TopJob): Fields {
  const array = arrayOf(job);
  return {
    jobArn: batchArn("job", job.id),
    jobId: job.id,
    jobName: job.spec.name,
    jobDefinition: job.spec.definition.arn,
    createdAt: job.spec.createdAt,
    status: job.status,
    statusReason: statusReasonOf(job),
    startedAt: job.startedAt,
    stoppedAt: job.stoppedAt,
    container: isArray(job) ? undefined : { exitCode: job.exitCode, reason: cut(job.reason) },
    // A list gives the size, and the index where there is one, but no summary.
    arrayProperties: array === undefined ? undefined : { size: array["size"], index: array["index"] },
    isCancelled: job.isCancelled,
    isTerminated: job.isTerminated,
  };
}

/** What DescribeJobs says of a job. */
export function detailOf(job: TopJob): Fields {
  const { spec } = job;
  return {
    jobArn: batchArn("job", job.id),
    jobId: job.id,
    jobName: spec.name,
    jobQueue: spec.queue.arn,
    jobDefinition: spec.definition.arn,
    status: job.status,
    statusReason: statusReasonOf(job),
    createdAt: spec.createdAt,
    startedAt: job.startedAt ?? 0,
    stoppedAt: job.stoppedAt,
    attempts: isArray(job) ? [] : job.attempts.map(attemptView),
    retryStrategy: { attempts: spec.retry.attempts, evaluateOnExit: spec.retry.evaluateOnExit },
    dependsOn: spec.dependsOn.map((jobId) => ({ jobId })),
    parameters: spec.parameters,
    container: containerOf(job),
    arrayProperties: arrayOf(job),
    timeout: spec.timeoutSeconds === undefined ? undefined : { attemptDurationSeconds: spec.timeoutSeconds },
    tags: spec.tags,
    propagateTags: spec.propagateTags,
    platformCapabilities: [spec.queue.type.startsWith("FARGATE") ? "FARGATE" : "EC2"],
    isCancelled: job.isCancelled,
    isTerminated: job.isTerminated,
  };
}

function containerOf(job: ArrayJob | UnitJob): Fields {
  const { spec } = job;
  const container = {
    image: spec.definition.image,
    command: spec.definition.command,
    environment: Object.entries(spec.environment).map(([name, value]) => ({ name, value })),
    resourceRequirements: Object.entries(spec.resources).map(([type, value]) => ({ type, value })),
    volumes: [],
    mountPoints: [],
    ulimits: [],
    networkInterfaces: [],
    secrets: [],
  };
  if (isArray(job)) return container;
  const { exitCode, reason, taskArn, logStreamName } = job;
  return { ...container, exitCode, reason: cut(reason), taskArn, logStreamName };
}

function attemptView(attempt: Attempt): Fields {
  const { exitCode, reason, taskArn, logStreamName, startedAt, stoppedAt, statusReason } = attempt;
  return {
    container: { exitCode, reason: cut(reason), taskArn, logStreamName, networkInterfaces: [] },
    startedAt,
    stoppedAt,
    statusReason,
  };
}
