/** How sure a limit, and the way in which it is counted, is. */
export type LimitBasis =
  /** A document or the service's own answer says so. */
  | "documented"
  /** The number is documented; what exactly is counted was concluded from what others met. */
  | "inferred";

/** A limit of AWS Batch. */
export interface Limit {
  /** The largest (or with `least`, the smallest) value that is accepted. */
  readonly value: number;
  readonly basis: LimitBasis;
  /** What is counted, and who says so. */
  readonly source: string;
}

const documented = (value: number, source: string): Limit => ({ value, basis: "documented", source });
const inferred = (value: number, source: string): Limit => ({ value, basis: "inferred", source });

/** Every limit that the emulator enforces. */
export const LIMITS = {
  submitBytes: inferred(
    30 * 1024 - 1,
    "whole SubmitJob request, `Job size must be less than 30 KiB`; bytes of its body",
  ),
  registerBytes: inferred(24 * 1024, "service quota of RegisterJobDefinition; bytes of its body"),
  overrideChars: inferred(
    8_192,
    "ECS RunTask overrides with JSON punctuation; what Batch puts into them is not documented",
  ),
  describeJobs: documented(100, "DescribeJobs: `Maximum number of jobs supported is 100`"),
  listPage: documented(1_000, "ListJobs with jobStatus"),
  listFilteredPage: documented(100, "ListJobs with filters"),
  bulkIds: documented(50, "TerminateJobs and CancelJobs: up to 50 ids"),
  leastArray: documented(2, "SubmitJob.arrayProperties.size"),
  mostArray: documented(10_000, "SubmitJob.arrayProperties.size"),
  nameChars: documented(128, "job names: letters, digits, - and _, the first alphanumeric"),
  leastTimeoutSeconds: documented(60, "JobTimeout.attemptDurationSeconds"),
  reasonChars: documented(1_024, "CancelJob and TerminateJob: reason"),
  tags: documented(50, "tags of job and definition together when they propagate"),
  leastAttempts: documented(1, "RetryStrategy.attempts"),
  mostAttempts: documented(10, "RetryStrategy.attempts"),
  exitRules: documented(5, "RetryStrategy.evaluateOnExit"),
  patternChars: documented(512, "EvaluateOnExit patterns"),
  dependencies: documented(20, "SubmitJob.dependsOn"),
  callsPerSecond: inferred(50, "SubmitJob and, by a knowledge-centre answer, every other call; one bucket for all"),
  containerReasonChars: documented(255, "ContainerDetail.reason"),
} as const satisfies Readonly<Record<string, Limit>>;
