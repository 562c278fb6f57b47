import type { CoreState, Profile } from "./state.ts";
import type { Job } from "./work.ts";

/** So many jobs in a row that could not even be started are no accident any more. */
const OPENS_AFTER = 3;
const TRIAL_MOST_MS = 60_000;

/**
 * A job could not be started: its image, its command, its definition. After some in a row, one bad deployment would burn everything that waits; so from then on
 * only one task at a time is tried, less and less often. The tasks of a trial retry or fail as always, with the reason in words; the others wait, until
 * something runs again.
 */
export function startFailed(core: CoreState, job: Job, reason: string): void {
  const profile = core.profile(job.profile);
  const { breaker } = profile;
  // The children of one job fail for the same reason, and one after another.
  if (breaker.job === job.name) return;
  breaker.job = job.name;
  breaker.failures += 1;
  if (breaker.failures < OPENS_AFTER) return;
  const waitMs = core.options.retryMs * 2 ** Math.min(20, breaker.failures - OPENS_AFTER);
  breaker.trialAt = core.now + Math.min(TRIAL_MOST_MS, waitMs);
  if (breaker.failures > OPENS_AFTER) return;
  core.emit({
    type: "log",
    level: "warn",
    message: "jobs cannot be started: only single tasks are tried until one runs",
    fields: { profile: profile.spec.name, failures: breaker.failures, reason },
  });
}

/** Something of this profile runs. */
export function startWorked(core: CoreState, profile: Profile): void {
  const { breaker } = profile;
  if (breaker.failures === 0) return;
  if (isOpen(profile)) {
    core.emit({ type: "log", level: "info", message: "jobs start again", fields: { profile: profile.spec.name } });
  }
  breaker.failures = 0;
  breaker.job = undefined;
  breaker.trialAt = 0;
}

/** Whether only trials may be made in this profile. */
export function isOpen(profile: Profile): boolean {
  return profile.breaker.failures >= OPENS_AFTER;
}
