/** How long things take; all in milliseconds. */
export interface TimingOptions {
  /** Each call, of Batch, of the logs and of S3. @default 0 */
  readonly latencyMs?: number;
  /** From SUBMITTED to RUNNABLE. @default 0 */
  readonly submittedMs?: number;
  /** From STARTING to RUNNING. @default 200 */
  readonly startMs?: number | (() => number);
  /** After a submit, how long DescribeJobs and ListJobs do not know the job. @default 100 */
  readonly visibilityMs?: number;
  /** How old a parent's summary may be. @default 0 */
  readonly summaryLagMs?: number;
  /** How long records of ended jobs last. @default 7 days */
  readonly retentionMs?: number;
  /** From SIGTERM to SIGKILL. @default 30_000 */
  readonly stopGraceMs?: number;
  /** What a second of a job's time-out lasts. @default 1_000 */
  readonly timeoutSecondMs?: number;
}

/** The same, complete. */
export interface Timing {
  latencyMs: number;
  readonly submittedMs: number;
  readonly startMs: () => number;
  readonly visibilityMs: number;
  readonly summaryLagMs: number;
  readonly retentionMs: number;
  readonly stopGraceMs: number;
  readonly timeoutSecondMs: number;
}

/** Fills in the defaults. */
export function timingOf(options: TimingOptions): Timing {
  const { startMs = 200 } = options;
  return {
    latencyMs: options.latencyMs ?? 0,
    submittedMs: options.submittedMs ?? 0,
    startMs: typeof startMs === "number" ? () => startMs : startMs,
    visibilityMs: options.visibilityMs ?? 100,
    summaryLagMs: options.summaryLagMs ?? 0,
    retentionMs: options.retentionMs ?? 7 * 24 * 3_600_000,
    stopGraceMs: options.stopGraceMs ?? 30_000,
    timeoutSecondMs: options.timeoutSecondMs ?? 1_000,
  };
}
