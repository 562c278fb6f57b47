import { heartbeat } from "./heartbeats.ts";
import { onLinkDown, openWorker } from "./links.ts";
import { abandon } from "./releasing.ts";
import type { CoreState } from "./state.ts";
import { drop } from "./tasks.ts";
import type { Worker } from "./work.ts";

/** Heartbeats that are due, links that are silent, workers that were given up. */
export function tickLinks(core: CoreState): void {
  const { linkTimeoutMs, workerLifeMs, deathTimeoutMs } = core.options;
  for (const worker of [...core.workers.values()]) {
    if (worker.link === "up") {
      if (core.now >= silentAt(core, worker)) {
        core.emit({ type: "close", worker: worker.id, session: worker.session, leave: false });
        onLinkDown(core, worker, `no echo for ${Math.round(linkTimeoutMs / 1_000)} s`);
      } else if (worker.outstandingSince === undefined && core.now >= worker.nextHeartbeatAt) heartbeat(core, worker);
    } else if (worker.assignments.size > 0 && core.now - worker.heardAt > workerLifeMs) abandon(core, worker);
  }
  for (const worker of core.workers.values()) if (worker.link === "up") core.connectedAt = core.now;
  if (core.now - core.connectedAt > deathTimeoutMs && core.works.size > 0) {
    core.emit({ type: "log", level: "warn", message: "no scheduler for too long: what runs is stopped" });
    for (const worker of core.workers.values()) abandon(core, worker);
    for (const work of [...core.unclaimed]) drop(core, work);
  }
}

/** When a link is taken for dead, if no echo comes before; infinite while none is awaited. */
export function silentAt(core: CoreState, worker: Worker): number {
  const { outstandingSince, stalledMs, newsAt } = worker;
  if (outstandingSince === undefined) return Number.POSITIVE_INFINITY;
  const { linkTimeoutMs } = core.options;
  // A busy scheduler that still sends tasks is not dead, only slow to echo; one that hears nothing of us gives us up after 60 s.
  const since = Math.min(Math.max(outstandingSince, newsAt), outstandingSince + linkTimeoutMs);
  return since + stalledMs + linkTimeoutMs;
}

/**
 * This process stood still. An echo may have come that nobody has read yet, so links get that much more time; and where it was so long that
 * the scheduler has given a worker up, that worker says goodbye, and another one takes new work.
 */
export function afterStall(core: CoreState, stalledMs: number): void {
  // Who stood still has not been without a scheduler.
  core.connectedAt += stalledMs;
  for (const worker of [...core.workers.values()]) {
    if (worker.link !== "up") continue;
    worker.stalledMs += stalledMs;
    if (core.now - worker.heardAt <= core.options.workerLifeMs) continue;
    abandon(core, worker);
    if (worker.role !== "active") continue;
    worker.role = "resumed";
    worker.brokeAt = core.now;
    if (!core.draining) openWorker(core, worker.profile);
  }
}
