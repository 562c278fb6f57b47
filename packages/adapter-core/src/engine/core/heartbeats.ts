import { acknowledge } from "./deliveries.ts";
import type { CoreState } from "./state.ts";
import type { Worker } from "./work.ts";

/** About one worker per 25 slots, at most 16: assignment in the scheduler is per worker, whatever its slots. */
export function workerCount(core: CoreState, slots: number): number {
  return core.options.workersPerProfile ?? Math.max(1, Math.min(16, Math.ceil(slots / 25)));
}

/** Room for tasks that a worker announces, once, in its first heartbeat. */
function queueSize(core: CoreState, slots: number): number {
  return core.options.queueSize ?? Math.max(1_000, Math.ceil((20 * slots) / workerCount(core, slots)));
}

/** Sends a heartbeat; never while one waits for its echo. */
export function heartbeat(core: CoreState, worker: Worker): void {
  const profile = core.profile(worker.profile);
  worker.heartbeatSeq += 1;
  worker.outstandingSince = core.now;
  worker.stalledMs = 0;
  if (!worker.known) worker.heardAt = core.now;
  worker.nextHeartbeatAt = core.now + core.options.heartbeatMs;
  let queued = 0;
  for (const { work } of worker.assignments.values())
    if (work.state !== "bundled" && work.state !== "finished") queued += 1;
  core.emit({
    type: "heartbeat",
    worker: worker.id,
    session: worker.session,
    queueSize: queueSize(core, profile.spec.slots),
    queued,
    latencyMs: worker.latencyMs,
    full: profile.used >= profile.spec.slots,
    profile: worker.profile,
  });
}

/**
 * A heartbeat, and everything sent before it, was handled: the n-th echo of a connection answers its n-th heartbeat at least, less those that were
 * unanswered when it began.
 */
export function onEcho(core: CoreState, worker: Worker): void {
  worker.echoes += 1;
  acknowledge(core, worker, worker.sessionSeq + worker.echoes - worker.staleEchoes);
  if (worker.outstandingSince === undefined) return;
  worker.known = true;
  worker.heardAt = worker.outstandingSince;
  worker.latencyMs = core.now - worker.outstandingSince;
  worker.outstandingSince = undefined;
  core.connectedAt = core.now;
  for (const work of core.unclaimed) work.claimUntil ??= core.now + core.options.claimGraceMs;
  if (core.unclaimed.size > 0) core.unclaimedUntil ??= core.now + core.options.claimGraceMs;
}
