import { total } from "./counts.ts";
import { median } from "./ideal.ts";
import type { Side } from "./managers.ts";
import type { PollingRun } from "./polling-run.ts";
import type { TimedRun } from "./timed-run.ts";
import type { Workload } from "./workloads.ts";

/** Every run of a workload, by side. */
export interface Measured {
  readonly workload: Workload;
  readonly runs: Readonly<Record<Side, readonly TimedRun[]>>;
}

/** A promise and what came of it. */
export interface Verdict {
  readonly what: string;
  readonly limit: number;
  readonly got: number;
  readonly holds: boolean;
}

/** Most that the makespan may be, as a multiple of the ideal. */
const MAKESPAN = 1.15;
/** Most that latency may add to the makespan, as a multiple. */
const GROWTH = 1.1;
const S3_PER_TASK_SINGLE = 4.1;
const S3_PER_TASK_TINY = 0.6;
const BATCH_PER_1000_PACKED = 12;
const BATCH_PER_1000_LOG_NORMAL = 150;
const BATCH_PER_SECOND = 1;
/** Least that ours is faster than the original with tiny tasks. */
const FASTER = 6;

export function secondsOf(runs: readonly TimedRun[]): number {
  return median(runs.map(({ seconds }) => seconds));
}

export function callsPerTask(runs: readonly TimedRun[], service: "batch" | "s3", workload: Workload): number {
  return median(runs.map((run) => total(run[service]))) / workload.durations.length;
}

/** Judges what was measured; a promise whose workloads did not run is left out. */
export function judge(all: readonly Measured[], polling: PollingRun | undefined): Verdict[] {
  const verdicts: Verdict[] = [];
  const atMost = (what: string, got: number, limit: number): void => {
    verdicts.push({ what, limit, got, holds: got <= limit });
  };
  for (const { workload, runs } of all) {
    const { name, title, idealSeconds } = workload;
    if (runs.ours.length === 0) continue;
    const seconds = secondsOf(runs.ours);
    if (/^(fixed|log-normal)/.test(name)) atMost(`${title}: makespan / ideal`, seconds / idealSeconds, MAKESPAN);
    const near = all.find((other) => other.workload.name === name.replace("latency", "fixed"))?.runs.ours ?? [];
    if (name.startsWith("latency") && near.length > 0)
      atMost(`${title}: makespan / the same without latency`, seconds / secondsOf(near), GROWTH);
    const s3 = callsPerTask(runs.ours, "s3", workload);
    if (!workload.packing) atMost(`${title}: S3 requests per task`, s3, S3_PER_TASK_SINGLE);
    if (name === "tiny") atMost(`${title}: S3 requests per task`, s3, S3_PER_TASK_TINY);
    const batch = callsPerTask(runs.ours, "batch", workload) * 1_000;
    if (workload.packing) atMost(`${title}: Batch calls per 1,000 tasks`, batch, BATCH_PER_1000_PACKED);
    if (name === "log-normal-single") atMost(`${title}: Batch calls per 1,000 tasks`, batch, BATCH_PER_1000_LOG_NORMAL);
    if (name === "tiny" && runs.original.length > 0) {
      const faster = secondsOf(runs.original) / seconds;
      verdicts.push({
        what: `${title}: times faster than the original`,
        limit: FASTER,
        got: faster,
        holds: faster >= FASTER,
      });
    }
  }
  if (polling !== undefined)
    atMost(
      "simulated children that run: Batch calls per second",
      total(polling.batch) / polling.seconds,
      BATCH_PER_SECOND,
    );
  return verdicts;
}
