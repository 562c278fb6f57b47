import type { Breaker, CoreState, Profile } from "./state.ts";
import { functionInfo } from "./tasks.ts";
import type { Job, Work } from "./work.ts";

/** So many jobs in a row that could not even be started are no accident any more. */
const OPENS_AFTER = 3;
const TRIAL_MOST_MS = 60_000;
const HELD_MOST_MS = 15_000;

/**
 * A job could not be started: its image, its command, its definition. After some in a row, one bad deployment would burn everything that waits; so from then on
 * only one task at a time is tried, less and less often. The tasks of a trial retry or fail as always, with the reason in words; the others wait, until
 * something runs again.
 */
export function startFailed(core: CoreState, job: Job, reason: string): void {
  const breaker = core.breaker(job);
  // The children of one job fail for the same reason, and one after another.
  if (breaker.job === job.name) return;
  breaker.job = job.name;
  breaker.failures += 1;
  if (breaker.failures < OPENS_AFTER) return;
  postponeTrial(core, breaker, TRIAL_MOST_MS);
  if (breaker.failures > OPENS_AFTER) return;
  core.emit({
    type: "log",
    level: "warn",
    message: "jobs cannot be started: only single tasks are tried until one runs",
    fields: { profile: job.profile, runner: job.runner, failures: breaker.failures, reason },
  });
}

/**
 * A job was not taken, for a reason that passes by itself or when somebody grants a permission: no task is to blame, and none is failed or counted for it. They
 * wait, and one trial at a time, less and less often, finds out when it is over.
 */
export function submitHeld(core: CoreState, job: Job, reason: string): void {
  const breaker = core.breaker(job);
  const first = !breaker.held;
  breaker.held = true;
  // Jobs that were under way together fail together.
  if (!first && core.now < breaker.trialAt) return;
  breaker.failures = Math.max(breaker.failures + 1, OPENS_AFTER);
  postponeTrial(core, breaker, HELD_MOST_MS);
  core.emit({
    type: "log",
    level: first ? "warn" : "debug",
    message: "jobs cannot be submitted: tasks wait until one is taken",
    fields: { profile: job.profile, runner: job.runner, reason },
  });
}

/** Each failure since the breaker opened doubles the wait for the next trial. */
function postponeTrial(core: CoreState, breaker: Breaker, mostMs: number): void {
  const waitMs = core.options.retryMs * 2 ** Math.min(20, breaker.failures - OPENS_AFTER);
  breaker.trialAt = core.now + Math.min(mostMs, waitMs);
}

/** The backend took a job: whatever held submits is over. */
export function submitWorked(core: CoreState, job: Job): void {
  if (core.breaker(job).held) startWorked(core, job);
}

/** Something of this job runs. */
export function startWorked(core: CoreState, job: Job): void {
  const breaker = core.breaker(job);
  if (breaker.failures === 0) return;
  if (breaker.failures >= OPENS_AFTER) {
    const fields = { profile: job.profile, runner: job.runner };
    core.emit({ type: "log", level: "info", message: "jobs start again", fields });
  }
  breaker.failures = 0;
  breaker.held = false;
  breaker.job = undefined;
  breaker.trialAt = 0;
}

/** Whether only trials may be made with what runs this work. */
export function isOpen(core: CoreState, profile: Profile, work: Work): boolean {
  return openBreaker(core, profile, work) !== undefined;
}

/** Whether only trials may be made with any runner of this profile. */
export function hasOpen({ breakers }: Profile): boolean {
  for (const { failures } of breakers.values()) if (failures >= OPENS_AFTER) return true;
  return false;
}

/** When a trial may be made with this work: at once where none is needed, never while something of its runner is under way that will tell. */
export function trialAt(core: CoreState, profile: Profile, work: Work): number {
  const breaker = openBreaker(core, profile, work);
  if (breaker === undefined) return core.now;
  return breaker.used > 0 ? Number.POSITIVE_INFINITY : breaker.trialAt;
}

function openBreaker(core: CoreState, profile: Profile, work: Work): Breaker | undefined {
  const breaker = profile.breakers.get(functionInfo(core, work)?.runner ?? "");
  return breaker !== undefined && breaker.failures >= OPENS_AFTER ? breaker : undefined;
}
