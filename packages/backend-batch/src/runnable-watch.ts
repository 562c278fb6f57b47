import type { AbortOptions, Clock, Log } from "@scaler-aws-hpc/adapter-core";
import type { BatchApi, JobDetail } from "./batch-api.ts";
import type { CallGate } from "./call-gate.ts";
import type { JobFinder } from "./job-finder.ts";
import type { JobRecord } from "./job-record.ts";

/** Settings of {@link RunnableWatch}. */
export interface RunnableLimits {
  readonly runnableDwellMs: number;
  readonly runnableTimeoutMs: number | undefined;
}

/** What a {@link RunnableWatch} works with. */
export interface RunnableParts {
  readonly api: BatchApi;
  readonly gate: CallGate;
  readonly finder: JobFinder;
  readonly clock: Clock;
  readonly log: Log;
  readonly queueOf: (profile: string) => string;
}

/**
 * Notices jobs that wait in RUNNABLE for long, and says why, once per queue and dwell. The reason that AWS gives also stands there for a moment while a machine
 * boots, so nothing is said, let alone given up, before the dwell.
 */
export class RunnableWatch {
  readonly #parts: RunnableParts;
  readonly #limits: RunnableLimits;
  readonly #toldAt = new Map<string, number>();

  constructor(parts: RunnableParts, limits: RunnableLimits) {
    this.#parts = parts;
    this.#limits = limits;
  }

  /** Takes in what was just read; gives the jobs that have waited too long, with the reason. */
  async check(
    found: readonly (readonly [JobRecord, JobDetail])[],
    options?: AbortOptions,
  ): Promise<readonly { readonly record: JobRecord; readonly reason: string }[]> {
    const now = this.#parts.clock.now();
    const stuck = new Map<string, (readonly [JobRecord, JobDetail])[]>();
    for (const [record, detail] of found) {
      if (!waits(record)) record.waitingSince = undefined;
      else record.waitingSince ??= now;
      if (record.waitingSince === undefined || now - record.waitingSince < this.#limits.runnableDwellMs) continue;
      const queue = this.#parts.queueOf(record.profile);
      stuck.set(queue, [...(stuck.get(queue) ?? []), [record, detail]]);
    }
    const late: { readonly record: JobRecord; readonly reason: string }[] = [];
    for (const [queue, jobs] of stuck) {
      const told = this.#toldAt.get(queue) ?? Number.NEGATIVE_INFINITY;
      const limit = this.#limits.runnableTimeoutMs;
      const given = limit === undefined ? [] : jobs.filter(([record]) => now - (record.waitingSince ?? now) >= limit);
      if (now - told < this.#limits.runnableDwellMs && given.length === 0) continue;
      const reason = await this.#reason(queue, jobs, options);
      if (now - told >= this.#limits.runnableDwellMs) {
        this.#toldAt.set(queue, now);
        const minutes = Math.round(Math.max(...jobs.map(([record]) => now - (record.waitingSince ?? now))) / 60_000);
        this.#parts.log.warn("jobs wait for a machine", { queue, jobs: jobs.length, minutes, reason });
      }
      for (const [record] of given) late.push({ record, reason });
    }
    return late;
  }

  async #reason(
    queue: string,
    jobs: readonly (readonly [JobRecord, JobDetail])[],
    options?: AbortOptions,
  ): Promise<string> {
    for (const [, detail] of jobs) if (detail.statusReason) return detail.statusReason;
    const { finder, gate, api } = this.#parts;
    try {
      const array = jobs.find(([record]) => record.isArray)?.[0].id;
      if (array !== undefined) {
        const children = await finder.children(array, "RUNNABLE", { ...options, most: 1 });
        for (const child of children.values()) if (child.statusReason) return child.statusReason;
      }
      const doing = "asking why jobs wait";
      const run = () => api.snapshot(queue, options);
      const call = { priority: "poll", action: "batch:GetJobQueueSnapshot", doing, run } as const;
      const front = (await gate.call(call, options)).frontOfQueue?.jobs ?? [];
      const ours = new Set(jobs.map(([{ id }]) => id));
      const at = front.findIndex(({ jobArn = "" }) => ours.has(jobArn.slice(jobArn.lastIndexOf("/") + 1)));
      if (at > 0) return `${at} jobs of others are before them in the queue`;
      if (at === 0) return "first in the queue; AWS Batch gives no reason yet";
    } catch {
      options?.signal?.throwIfAborted();
    }
    return "AWS Batch gives no reason; look at the compute environment's limit of vCPUs and at what the jobs ask for";
  }
}

/** Nothing of the job has started, though nothing but a machine is missing. */
function waits(record: JobRecord): boolean {
  const { RUNNABLE = 0, STARTING = 0, RUNNING = 0, SUCCEEDED = 0, FAILED = 0 } = record.counts;
  return RUNNABLE > 0 && STARTING + RUNNING + SUCCEEDED + FAILED === 0;
}
