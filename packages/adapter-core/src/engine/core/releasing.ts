import type { CoreState } from "./state.ts";
import { drop, unclaim } from "./tasks.ts";
import type { Assignment, Worker } from "./work.ts";

/** What a broken connection is waited for when the manager ends, in milliseconds: a worker that vanishes wedges or ends schedulers up to 2.6.0. */
const FAREWELL_MS = 5_000;

/** Says goodbye: what the worker still holds is assigned again, to whoever has room. `quietly`: that scheduler never knew the id. */
export function leave(core: CoreState, worker: Worker, options: { readonly quietly?: boolean } = {}): void {
  for (const { work } of [...worker.assignments.values()]) drop(core, work);
  core.emit({
    type: "close",
    worker: worker.id,
    session: worker.session,
    leave: worker.link === "up" && options.quietly !== true,
  });
  core.workers.delete(worker.id);
}

/** The scheduler has taken this worker's tasks away. What runs is kept for a while, in case they are assigned to us again. */
export function abandon(core: CoreState, worker: Worker): void {
  for (const { work } of [...worker.assignments.values()]) unclaim(core, work);
  worker.assignments.clear();
  worker.unacked.length = 0;
}

/** Gives up works that nobody has claimed in time. */
export function tickUnclaimed(core: CoreState): void {
  if (core.unclaimedUntil === undefined || core.now < core.unclaimedUntil) return;
  let next = Number.POSITIVE_INFINITY;
  for (const work of [...core.unclaimed]) {
    if (work.claimUntil === undefined) continue;
    if (work.claimUntil <= core.now) drop(core, work);
    else next = Math.min(next, work.claimUntil);
  }
  core.unclaimedUntil = next === Number.POSITIVE_INFINITY ? undefined : next;
}

/**
 * Releases retiring and resumed workers that have answered everything that had started, and resumed ones that take too long. Those only when a worker that takes new work is known to the
 * scheduler: released tasks go to whoever has room at that moment.
 */
export function releaseResumed(core: CoreState): void {
  for (const worker of core.workers.values()) {
    if (worker.role === "active" || worker.link !== "up") continue;
    const resumed = worker.role === "resumed";
    if (resumed && !core.draining && !hasRoomElsewhere(core, worker)) continue;
    const over = resumed && core.now - worker.brokeAt > core.options.resumeLimitMs;
    if (!over && isBusy(worker)) continue;
    if (over) abandon(core, worker);
    leave(core, worker);
  }
}

/** Whether another worker of the profile is there to get the released tasks back; any worker for a profile that nothing starts in any more. */
function hasRoomElsewhere(core: CoreState, worker: Worker): boolean {
  const hidden = core.profile(worker.profile).spec.slots === 0;
  for (const other of core.workers.values()) {
    const fits = other.profile === worker.profile || hidden;
    if (other.role === "active" && fits && other.link === "up" && other.known) return true;
  }
  return false;
}

/** Whether a worker holds anything that has started. Asked after every event, so what was found last is looked at first. */
export function isBusy(worker: Worker): boolean {
  const { witness } = worker;
  if (witness !== undefined && worker.assignments.get(witness.work.task.taskId) === witness && hasStarted(witness)) {
    return true;
  }
  for (const assignment of worker.assignments.values()) {
    if (!hasStarted(assignment)) continue;
    worker.witness = assignment;
    return true;
  }
  worker.witness = undefined;
  return false;
}

/** Whether an assignment has to be answered by us: its work has started, or its answer is on its way. */
function hasStarted({ work: { state } }: Assignment): boolean {
  return state === "staging" || state === "bundled" || state === "finished";
}

/** Whether the scheduler knows this worker, and it can soon say goodbye: its connection has just broken and is on its way back. */
export function owesFarewell(core: CoreState, worker: Worker): boolean {
  return worker.link === "connecting" && worker.heartbeatSeq > 0 && core.now - worker.brokeAt < FAREWELL_MS;
}
