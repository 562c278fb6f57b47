import type { AbortOptions } from "../../contracts/abort-options.ts";
import type { Clock } from "../../contracts/host.ts";
import type { EngineEvent } from "../core/event.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { Inheritance, Lease } from "./lease.ts";
import { epochOf } from "./ownership.ts";
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
  abort?: AbortOptions,
): Promise<TakenOver> {
  const takenAt = clock.now();
  const { jobs, names } = await recovery.run(former, abort);
  const { jobPrefix } = options.core;
  // Where the lease was lost, names of its later epochs may still be in use.
  const latest = names.reduce((most, name) => Math.max(most, name.startsWith(`${jobPrefix}-`) ? epochOf(name) : 0), 0);
  await lease.raise(latest + 1);
  const workers = former.workers.map(({ id, profile, silentMs }) => ({
    worker: id,
    profile,
    silentMs: silentMs + clock.now() - takenAt,
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
