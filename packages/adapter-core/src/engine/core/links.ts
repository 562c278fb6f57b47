import { abandonDelivery, acknowledge, deliver, markDelivered } from "./deliveries.ts";
import type { EngineEvent } from "./event.ts";
import { releaseOutcome } from "./frames.ts";
import { dequeue } from "./ready.ts";
import type { CoreState } from "./state.ts";
import { drop, retry, unclaim } from "./tasks.ts";
import type { Assignment, Work, Worker } from "./work.ts";

/** What a broken connection is waited for when the manager ends, in milliseconds: a worker that vanishes wedges or ends schedulers up to 2.6.0. */
const FAREWELL_MS = 5_000;

type Of<Type extends EngineEvent["type"]> = Extract<EngineEvent, { type: Type }>;

/** Opens every worker of every profile. */
export function openWorkers(core: CoreState): void {
  for (const { spec } of core.profiles.values()) {
    // One worker is there from the start even when the scheduler's wishes count: over ZeroMQ only a worker learns the numbering to ask in.
    const count = core.options.scaling === "follow" ? 1 : workerCount(core, spec.slots);
    for (let at = 0; at < count; at += 1) openWorker(core, spec.name);
  }
}

/** About one worker per 25 slots, at most 16: assignment in the scheduler is per worker, whatever its slots. */
export function workerCount(core: CoreState, slots: number): number {
  return core.options.workersPerProfile ?? Math.max(1, Math.min(16, Math.ceil(slots / 25)));
}

/** Room for tasks that a worker announces, once, in its first heartbeat. */
function queueSize(core: CoreState, slots: number): number {
  return core.options.queueSize ?? Math.max(1_000, Math.ceil((20 * slots) / workerCount(core, slots)));
}

export function openWorker(core: CoreState, profile: string): Worker {
  let name = "";
  while (name.length < 32) name += Math.floor(core.random() * 16).toString(16);
  const worker: Worker = {
    id: `Worker|${core.options.workerName}|${name}`,
    profile,
    role: "active",
    session: 0,
    link: "connecting",
    scheduler: undefined,
    known: false,
    heardAt: core.now,
    brokeAt: core.now,
    heartbeatSeq: 0,
    outstandingSince: undefined,
    stalledMs: 0,
    newsAt: core.now,
    nextHeartbeatAt: 0,
    latencyMs: 0,
    assignments: new Map(),
    unacked: [],
  };
  core.workers.set(worker.id, worker);
  connect(core, worker);
  return worker;
}

function connect(core: CoreState, worker: Worker): void {
  worker.link = "connecting";
  worker.session = core.nextSession++;
  worker.outstandingSince = undefined;
  core.emit({ type: "open", worker: worker.id, session: worker.session, profile: worker.profile });
}

/** The worker that an event speaks of, unless the event is of an older connection. */
export function current(
  core: CoreState,
  event: { readonly worker: string; readonly session: number },
): Worker | undefined {
  const worker = core.workers.get(event.worker);
  return worker?.session === event.session ? worker : undefined;
}

/** Connected. An active worker announces itself; a resumed one answers what it holds. */
export function onLinkUp(core: CoreState, worker: Worker, event: Of<"link-up">): void {
  worker.link = "up";
  core.connectedAt = core.now;
  const restarted = event.scheduler !== undefined && core.scheduler !== undefined && event.scheduler !== core.scheduler;
  core.scheduler = event.scheduler ?? core.scheduler;
  if (restarted) {
    core.emit({
      type: "log",
      level: "warn",
      message: "the scheduler was restarted: its tasks are gone, what runs is stopped",
    });
    for (const other of core.workers.values()) if (other.scheduler !== core.scheduler) voidTasks(core, other);
    for (const work of [...core.unclaimed]) drop(core, work);
  }
  const former = worker.scheduler;
  worker.scheduler = event.scheduler;
  if (worker.role !== "active") {
    const strange = former !== undefined && event.scheduler !== undefined && former !== event.scheduler;
    if (strange || core.now - worker.heardAt > core.options.workerLifeMs) {
      // The scheduler has given its tasks away, or never had them.
      abandon(core, worker);
      leave(core, worker, { quietly: strange });
      return;
    }
    for (const assignment of worker.assignments.values()) deliver(core, assignment);
    core.emit({
      type: "log",
      level: "info",
      message: "resumed a worker after a broken connection",
      fields: { worker: worker.id, tasks: worker.assignments.size, afterMs: Math.round(core.now - worker.brokeAt) },
    });
  }
  heartbeat(core, worker);
}

/** A worker of a scheduler that is gone: its tasks are gone with it. */
function voidTasks(core: CoreState, worker: Worker): void {
  for (const { work } of [...worker.assignments.values()]) drop(core, work);
  worker.assignments.clear();
  worker.unacked.length = 0;
}

/** The connection ended. The id comes back to answer what it holds; another one takes new work. */
export function onLinkDown(core: CoreState, worker: Worker, reason: string): void {
  core.emit({
    type: "log",
    level: "warn",
    message: "lost a connection to the scheduler",
    fields: { worker: worker.id, reason },
  });
  const wasUp = worker.link === "up";
  if (wasUp) worker.brokeAt = core.now;
  worker.unacked.length = 0;
  for (const assignment of worker.assignments.values()) {
    abandonDelivery(core, assignment);
    assignment.state = "open";
  }
  // An id that the scheduler may know must come back to be released: tasks for it may have been lost with the connection. One that was never
  // announced just tries again.
  if (worker.role === "active" && worker.heartbeatSeq > 0) {
    worker.role = "resumed";
    for (const { work } of worker.assignments.values()) hold(core, work);
    if (!core.draining) openWorker(core, worker.profile);
  }
  connect(core, worker);
}

/** Work that has not started stays unstarted until the scheduler assigns it again. */
export function hold(core: CoreState, work: Work): void {
  if (work.state !== "queued" && work.state !== "delayed") return;
  dequeue(core, work);
  core.delayed.delete(work);
  work.state = "waiting";
}

/** The heartbeat before this echo, and everything sent before that heartbeat, was handled. */
export function onEcho(core: CoreState, worker: Worker): void {
  if (worker.outstandingSince === undefined) return;
  worker.known = true;
  worker.heardAt = worker.outstandingSince;
  worker.latencyMs = core.now - worker.outstandingSince;
  worker.outstandingSince = undefined;
  core.connectedAt = core.now;
  for (const work of core.unclaimed) work.claimUntil ??= core.now + core.options.claimGraceMs;
  if (core.unclaimed.size > 0) core.unclaimedUntil ??= core.now + core.options.claimGraceMs;
  acknowledge(core, worker, worker.heartbeatSeq);
}

/** Sends a heartbeat; never while one waits for its echo. */
function heartbeat(core: CoreState, worker: Worker): void {
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

/** The scheduler has taken this worker's tasks away. What runs is kept for a while, in case they are assigned to us again. */
function abandon(core: CoreState, worker: Worker): void {
  for (const { work } of [...worker.assignments.values()]) unclaim(core, work);
  worker.assignments.clear();
  worker.unacked.length = 0;
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
  for (const worker of [...core.workers.values()]) {
    if (worker.role === "active" || worker.link !== "up") continue;
    const resumed = worker.role === "resumed";
    const over = resumed && core.now - worker.brokeAt > core.options.resumeLimitMs;
    if (!over && [...worker.assignments.values()].some(hasStarted)) continue;
    if (resumed && !core.draining && !hasRoomElsewhere(core, worker)) continue;
    if (over) abandon(core, worker);
    leave(core, worker);
  }
}

/** Whether another worker of the profile is there to get the released tasks back. */
function hasRoomElsewhere(core: CoreState, worker: Worker): boolean {
  for (const other of core.workers.values()) {
    if (other.role === "active" && other.profile === worker.profile && other.link === "up" && other.known) return true;
  }
  return false;
}

/** Whether an assignment has to be answered by us: its work has started, or its answer is on its way. */
export function hasStarted(assignment: Assignment): boolean {
  return ["staging", "bundled", "finished"].includes(assignment.work.state);
}

/** Whether the scheduler knows this worker, and it can soon say goodbye: its connection has just broken and is on its way back. */
export function owesFarewell(core: CoreState, worker: Worker): boolean {
  return worker.link === "connecting" && worker.heartbeatSeq > 0 && core.now - worker.brokeAt < FAREWELL_MS;
}

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

/** The shell stored and sent a result, or could not. */
export function onDelivered(core: CoreState, event: Of<"delivered">): void {
  const assignment = core.deliveries.get(event.delivery);
  if (assignment === undefined) return;
  core.deliveries.delete(event.delivery);
  if (event.failure === undefined) {
    markDelivered(assignment);
    return;
  }
  assignment.state = "open";
  const { work } = assignment;
  if (work.outcome?.kind !== "frame") {
    // There is nothing else to answer with, and the scheduler waits: once more.
    deliver(core, assignment);
    return;
  }
  releaseOutcome(core, work);
  work.state = "waiting";
  retry(core, work, event.failure);
}

/** A client shut the workers down: the scheduler ends, and so do we. */
export function onShutdown(core: CoreState): void {
  core.emit({ type: "log", level: "info", message: "a client shut the cluster down" });
  for (const work of [...core.works.values()]) drop(core, work);
}
