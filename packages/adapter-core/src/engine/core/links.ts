import { abandonDelivery, deliver } from "./deliveries.ts";
import type { EngineEvent, RecoveredWorker } from "./event.ts";
import { heartbeat, workerCount } from "./heartbeats.ts";
import type { WorkerId } from "./ids.ts";
import { dequeue } from "./ready.ts";
import { abandon, leave } from "./releasing.ts";
import type { CoreState } from "./state.ts";
import { drop } from "./tasks.ts";
import type { Work, Worker } from "./work.ts";

/** Echoes of earlier connections that are reckoned with at most: each makes every proof come one heartbeat later. */
const MOST_STALE_ECHOES = 8;

/** Echoes that heartbeats of an earlier process may still bring: one that was under way, and one of a connection that broke before. */
const INHERITED_ECHOES = 2;

type Of<Type extends EngineEvent["type"]> = Extract<EngineEvent, { type: Type }>;

/** Opens every worker of every profile. */
export function openWorkers(core: CoreState): void {
  for (const { spec } of core.profiles.values()) {
    // One worker is there from the start even when the scheduler's wishes count: over ZeroMQ only a worker learns the numbering to ask in.
    const count = core.options.scaling === "follow" ? 1 : workerCount(core, spec.slots);
    for (let at = 0; at < count; at += 1) openWorker(core, spec.name);
  }
}

/** Opens a worker under a new id. */
export function openWorker(core: CoreState, profile: string): Worker {
  let name = "";
  while (name.length < 32) name += Math.floor(core.random() * 16).toString(16);
  const worker = newWorker(core, `Worker|${core.options.workerName}|${name}`, profile);
  connect(core, worker);
  return worker;
}

/** Brings a worker of an earlier process back: it has announced itself, and nobody knows whether its last heartbeat was echoed. */
export function resumeWorker(core: CoreState, found: RecoveredWorker, scheduler: string | undefined): Worker {
  const worker = newWorker(core, found.worker, core.profileOrHidden(found.profile).spec.name);
  worker.role = "resumed";
  worker.known = true;
  worker.scheduler = scheduler;
  worker.heardAt = core.now - found.silentMs;
  worker.heartbeatSeq = INHERITED_ECHOES;
  connect(core, worker);
  return worker;
}

function newWorker(core: CoreState, id: WorkerId, profile: string): Worker {
  const worker: Worker = {
    id,
    profile,
    role: "active",
    session: 0,
    link: "connecting",
    scheduler: undefined,
    known: false,
    heardAt: core.now,
    brokeAt: core.now,
    heartbeatSeq: 0,
    sessionSeq: 0,
    echoes: 0,
    staleEchoes: 0,
    outstandingSince: undefined,
    stalledMs: 0,
    newsAt: core.now,
    nextHeartbeatAt: 0,
    latencyMs: 0,
    assignments: new Map(),
    witness: undefined,
    unacked: [],
  };
  core.workers.set(worker.id, worker);
  return worker;
}

/** Starts a session of this worker; what an older one still delivers is told apart by its number. */
function connect(core: CoreState, worker: Worker): void {
  worker.link = "connecting";
  worker.session = core.nextSession++;
  // A scheduler that is behind with its work echoes a heartbeat of the old connection on the new one.
  const unanswered = worker.heartbeatSeq - worker.sessionSeq + worker.staleEchoes - worker.echoes;
  worker.staleEchoes = Math.min(MOST_STALE_ECHOES, Math.max(0, unanswered));
  worker.sessionSeq = worker.heartbeatSeq;
  worker.echoes = 0;
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
