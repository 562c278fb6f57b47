import { workerCount } from "./heartbeats.ts";
import { hold, openWorker } from "./links.ts";
import type { CoreState } from "./state.ts";

/**
 * Opens or retires workers of a profile until as many take new work as the scheduler wishes for, never more than the profile's slots call for.
 * Those that hold the least retire first; nothing that runs is stopped.
 */
export function onScale(core: CoreState, profile: string, wanted: number): void {
  if (core.options.scaling !== "follow" || core.draining) return;
  const { spec } = core.profile(profile);
  const active = [...core.workers.values()].filter((worker) => worker.role === "active" && worker.profile === profile);
  const target = Math.min(Math.max(0, wanted), workerCount(core, spec.slots));
  for (let count = active.length; count < target; count += 1) openWorker(core, profile);
  active.sort((a, b) => a.assignments.size - b.assignments.size);
  for (const worker of active.slice(0, Math.max(0, active.length - target))) {
    worker.role = "retiring";
    for (const { work } of worker.assignments.values()) hold(core, work);
  }
}
