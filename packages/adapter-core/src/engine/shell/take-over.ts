import type { JobName } from "../../contracts/backend.ts";
import type { Clock } from "../../contracts/host.ts";
import type { EngineEvent } from "../core/event.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { Inheritance, Lease } from "./lease.ts";
import type { Recovery } from "./recovery.ts";

/** How a process begins that has become the manager of its id. */
export interface TakenOver {
  readonly jobPrefix: string;
  /** The core's first event. */
  readonly event: EngineEvent;
  readonly jobs: number;
  readonly tasks: number;
  readonly workers: number;
}

/** Takes over what earlier processes left; the lease is ours. @throws {AdapterError} what does not pass by waiting */
export async function takeOver(
  former: Inheritance,
  lease: Lease,
  recovery: Recovery,
  options: EngineOptions,
  clock: Clock,
): Promise<TakenOver> {
  const takenAt = clock.now();
  const { jobs, names } = await recovery.run(former);
  const { jobPrefix } = options.core;
  // Where the lease was lost, names of its later epochs may still be in use.
  await lease.raise(latestEpoch(jobPrefix, names) + 1);
  const workers = former.workers.map(({ id, profile }) => ({
    worker: id,
    profile,
    silentMs: former.silentMs + clock.now() - takenAt,
  }));
  const nothing = jobs.length === 0 && workers.length === 0;
  return {
    jobPrefix: `${jobPrefix}-${lease.epoch}`,
    event: nothing ? { type: "tick" } : { type: "recovered", workers, jobs, scheduler: former.scheduler },
    jobs: jobs.length,
    tasks: jobs.reduce((sum, { children }) => sum + children.reduce((held, tasks) => held + tasks.length, 0), 0),
    workers: workers.length,
  };
}

/** The highest epoch in names of the form `<prefix>-<epoch>-<number>`; 0 if there is none. */
function latestEpoch(prefix: string, names: readonly JobName[]): number {
  let latest = 0;
  for (const name of names) {
    if (!name.startsWith(`${prefix}-`)) continue;
    const epoch = /^([1-9][0-9]{0,8})-[0-9]+$/.exec(name.slice(prefix.length + 1))?.[1];
    if (epoch !== undefined) latest = Math.max(latest, Number(epoch));
  }
  return latest;
}
