import type { EngineEvent, RecoveredJob, RecoveredWorker } from "./event.ts";
import { resumeWorker } from "./links.ts";
import type { CoreState } from "./state.ts";
import { stopUnwanted } from "./stopping.ts";
import { adoptWork } from "./tasks.ts";
import type { Child, Job, Worker } from "./work.ts";

/**
 * Takes over what an earlier process left: its worker ids come back to answer what they hold, its jobs go on. The scheduler may have given an id up by
 * now; such a one comes back only to say goodbye, and what ran for it waits, like after any long break, for its tasks to be assigned to us again.
 */
export function recover(core: CoreState, event: Extract<EngineEvent, { type: "recovered" }>): void {
  core.scheduler = event.scheduler ?? core.scheduler;
  const holders = new Map<string, Worker>();
  for (const found of event.workers) {
    if (core.workers.has(found.worker)) continue;
    const worker = resumeWorker(core, found, event.scheduler);
    if (stillHolds(core, found)) holders.set(worker.id, worker);
  }
  // The newest job says where a task is: an older bundle may name it as well, because it was handed back or tried again.
  for (const found of event.jobs) if (!core.jobs.has(found.name)) adoptJob(core, found, holders);
  for (const { name } of event.jobs) {
    for (const child of core.jobs.get(name)?.children ?? []) stopUnwanted(core, child, []);
  }
}

function stillHolds(core: CoreState, { silentMs }: RecoveredWorker): boolean {
  return silentMs <= core.options.workerLifeMs;
}

/** A job that exists, with every child taken for alive until its end is reported. */
function adoptJob(core: CoreState, found: RecoveredJob, holders: ReadonlyMap<string, Worker>): void {
  const { name, fresh } = found;
  const profile = core.profileOrHidden(found.profile);
  const job: Job = {
    ...{ name, fresh, profile: profile.spec.name, runner: "" },
    state: "live",
    children: [],
    liveChildren: found.children.length,
    frames: 0,
    released: false,
    adopted: true,
    liveAt: core.now,
  };
  job.children = found.children.map((tasks, index): Child => {
    const child: Child = {
      job,
      index,
      works: [],
      state: "waiting",
      cancelled: false,
      attempt: 1,
      ranMs: 0,
      ahead: false,
    };
    profile.outlook.expect(child, core.now);
    child.works = tasks.map(({ task, holder }, at) => adoptWork(core, task, child, at, holders.get(holder)));
    return child;
  });
  core.jobs.set(name, job);
  core.counts.adoptedJobs += 1;
  profile.used += job.liveChildren;
  core.breaker(job).used += job.liveChildren;
  profile.live += job.liveChildren;
  if (job.liveChildren === 0) core.jobs.delete(name);
}
