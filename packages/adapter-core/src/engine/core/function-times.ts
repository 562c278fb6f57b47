import type { RunTime } from "./run-times.ts";
import type { CoreState, Profile } from "./state.ts";
import { functionInfo } from "./tasks.ts";
import type { Work } from "./work.ts";

/** Relative spread up to which run times count as equal. */
const EVEN_SPREAD = 0.1;

/** What is known of how long the function of a work takes; `undefined` for one that never finished here. */
export function runTimeOf(core: CoreState, work: Work): RunTime | undefined {
  const digest = functionInfo(core, work)?.digest;
  return digest === undefined ? undefined : core.runTimes.get(digest);
}

/** How long a task of this function takes, in milliseconds, as far as is known. */
export const meanOf = (core: CoreState, work: Work): number | undefined => runTimeOf(core, work)?.meanMs;

/** Whether enough runs are known to tell how far apart they are. The first that are over say little: of tasks that began together those are the short ones. */
export function isSettled(core: CoreState, profile: Profile, head: Work): boolean {
  const runTime = runTimeOf(core, head);
  return runTime !== undefined && runTime.runs >= profile.spec.slots / 2;
}

/** Whether the tasks of this function take the same time, so that their ends can be foreseen. */
export function isEven(core: CoreState, profile: Profile, head: Work): boolean {
  const runTime = runTimeOf(core, head);
  return runTime !== undefined && isSettled(core, profile, head) && runTime.spreadMs <= EVEN_SPREAD * runTime.meanMs;
}
