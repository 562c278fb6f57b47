import { releaseJob } from "./frames.ts";
import type { CoreState, Profile } from "./state.ts";
import type { Child, Job } from "./work.ts";

/**
 * Some works of this child became unwanted. When none is left the child is stopped; otherwise single tasks are revoked where the backend can, and
 * elsewhere their results are dropped when they come. A child that is not submitted yet is looked at again when it is.
 */
export function stopUnwanted(core: CoreState, child: Child, tasks: readonly number[]): void {
  if (child.job.state !== "live" || child.state === "over" || child.cancelled) return;
  if (!child.works.some((work) => work.state === "bundled" && work.child === child)) {
    stopChild(core, child, "none of its tasks is wanted any more");
    return;
  }
  if (core.options.backend.revokes === true && tasks.length > 0) {
    core.emit({ type: "revoke", child: { job: child.job.name, child: child.index }, tasks });
  }
}

/** Stops a whole child; its slot is free when its end is reported. */
export function stopChild(core: CoreState, child: Child, reason: string): void {
  if (child.cancelled || child.state === "over") return;
  child.cancelled = true;
  core.emit({ type: "cancel-children", children: [{ job: child.job.name, child: child.index }], reason });
}

/** The child needs its slot no more, whether it ever ran or not. */
export function freeSlot(core: CoreState, child: Child): Profile {
  child.state = "over";
  const profile = core.profile(child.job.profile);
  profile.used -= 1;
  core.breaker(child.job).used -= 1;
  profile.outlook.forget(child);
  child.job.liveChildren -= 1;
  return profile;
}

/** The child is over: its slot is free, and the job goes with its last child. */
export function endChild(core: CoreState, child: Child): void {
  if (child.state === "over") return;
  const profile = freeSlot(core, child);
  profile.live -= 1;
  profile.freedAt = core.now;
  if (child.job.liveChildren === 0) forgetJob(core, child.job);
}

/** Every child is over, or the job never came to be. */
export function forgetJob(core: CoreState, job: Job): void {
  core.jobs.delete(job.name);
  releaseJob(core, job);
}
