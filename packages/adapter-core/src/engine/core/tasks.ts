import { abandonDelivery, deliver, forgetWork, markDelivered, settle } from "./deliveries.ts";
import type { DeliverySource } from "./effect.ts";
import type { EngineEvent, TaskMessage } from "./event.ts";
import { releaseOutcome } from "./frames.ts";
import { dequeue, enqueue } from "./ready.ts";
import type { CoreState } from "./state.ts";
import { stopUnwanted } from "./stopping.ts";
import type { Assignment, Child, Client, FunctionInfo, Work, Worker } from "./work.ts";

/** The scheduler assigned a task to one of our workers. */
export function onTask(core: CoreState, worker: Worker, task: TaskMessage): void {
  const held = worker.assignments.get(task.taskId);
  if (held !== undefined) {
    // Sent again although it is ours: if it was answered, that answer cannot have been accepted, so it goes out once more.
    if (held.state === "delivered") {
      held.state = "open";
      deliver(core, held);
    }
    return;
  }
  core.counts.received += 1;
  const work = core.works.get(task.taskId) ?? newWork(core, task, worker.profile);
  claim(core, work, worker);
  resumeWork(core, work);
}

/** Binds a work to the worker that now holds its task; an older claim has been given away by the scheduler. */
function claim(core: CoreState, work: Work, worker: Worker): Assignment {
  const former = work.claim;
  if (former !== undefined) {
    abandonDelivery(core, former);
    if (former.worker.assignments.get(work.task.taskId) === former) former.worker.assignments.delete(work.task.taskId);
  }
  core.unclaimed.delete(work);
  const assignment: Assignment = { worker, work, state: "open", delivery: 0, ackSeq: 0, logsSent: false };
  work.claim = assignment;
  worker.assignments.set(work.task.taskId, assignment);
  return assignment;
}

/** A work that was known already is claimed (again): go on from where it stands; nothing is started twice. */
function resumeWork(core: CoreState, work: Work): void {
  const claim = work.claim;
  if (claim === undefined) return;
  if (work.state === "finished") deliver(core, claim);
  else if (work.state === "queued") {
    dequeue(core, work);
    letStart(core, work);
  } else if (work.state === "waiting") letStart(core, work);
}

function newWork(core: CoreState, task: TaskMessage, profile: string): Work {
  const work: Work = {
    task,
    profile,
    order: core.nextOrder++,
    state: "waiting",
    claim: undefined,
    ticket: 0,
    child: undefined,
    index: 0,
    outcome: undefined,
    retries: 0,
    maxPack: core.options.maxTasksPerPack,
    fresh: false,
    claimUntil: undefined,
    readyAt: 0,
  };
  core.works.set(task.taskId, work);
  clientOf(core, task.source).works += 1;
  return work;
}

/** Asks what kind of function this is, unless it is known; the work goes on when it is. */
function learnFunction(core: CoreState, work: Work): void {
  const { source, functionId } = work.task;
  const { functions } = clientOf(core, source);
  const info = functions.get(functionId);
  if (info === undefined) {
    functions.set(functionId, { state: "asked", runner: "", digest: "", waiting: [work] });
    core.emit({ type: "inspect", source, functionId });
  } else if (info.state === "asked") info.waiting.push(work);
}

/**
 * A task in a child that an earlier process submitted, held by `holder` unless the scheduler has given that one up. Its function is asked for only
 * if it has to run again. What it printed may have been sent before, so it is not sent by this holder.
 */
export function adoptWork(
  core: CoreState,
  task: TaskMessage,
  child: Child,
  index: number,
  holder: Worker | undefined,
): Work {
  const known = core.works.get(task.taskId);
  if (known !== undefined) unclaim(core, known);
  const work = known ?? newWork(core, task, child.job.profile);
  work.state = "bundled";
  work.child = child;
  work.index = index;
  core.unclaimed.delete(work);
  if (holder === undefined) core.unclaimed.add(work);
  else claim(core, work, holder).logsSent = true;
  return work;
}

/** Only an active worker's tasks are started, and none while draining: what is not started can still go elsewhere. */
function mayStart(core: CoreState, worker: Worker): boolean {
  return worker.role === "active" && !core.draining;
}

/** What is known of a function, or `undefined` before its client sent it. */
export function functionInfo(core: CoreState, work: Work): FunctionInfo | undefined {
  return core.clients.get(work.task.source)?.functions.get(work.task.functionId);
}

/** Puts a work that is not in a queue into one, if its function is known and its worker takes new work; else it is held. */
export function letStart(core: CoreState, work: Work, where: "back" | "front" = "back"): void {
  work.child = undefined;
  work.state = "waiting";
  if (work.claim === undefined || !mayStart(core, work.claim.worker)) return;
  // Where it runs, and with what, is decided by who holds it now.
  work.profile = work.claim.worker.profile;
  if (functionInfo(core, work)?.state === "known") enqueue(core, work, where);
  else learnFunction(core, work);
}

function clientOf(core: CoreState, source: string): Client {
  let client = core.clients.get(source);
  if (client === undefined) {
    client = { source, works: 0, idleSince: core.now, functions: new Map() };
    core.clients.set(source, client);
  }
  return client;
}

/** The client and function of waiting tasks are known now, or can never be. */
export function onInspected(core: CoreState, event: Extract<EngineEvent, { type: "inspected" }>): void {
  const client = core.clients.get(event.source);
  const info = client?.functions.get(event.functionId);
  if (client === undefined || info?.state !== "asked") return;
  const waiting = info.waiting;
  info.waiting = [];
  if (event.outcome.ok) {
    info.state = "known";
    info.runner = event.outcome.runner;
    info.digest = event.outcome.digest;
    for (const work of waiting) if (work.state === "waiting") letStart(core, work);
    return;
  }
  // Forgotten, so that a later task asks again: the object may have come by then.
  client.functions.delete(event.functionId);
  for (const work of waiting) {
    if (work.state === "waiting") fail(core, work, "RuntimeError", event.outcome.message);
  }
}

/** The outcome of a work is known. */
export function finish(core: CoreState, work: Work, outcome: DeliverySource): void {
  work.state = "finished";
  work.outcome = outcome;
  if (work.claim !== undefined) deliver(core, work.claim);
}

/** Ends a work by a failure of ours. */
export function fail(
  core: CoreState,
  work: Work,
  exception: Extract<DeliverySource, { kind: "failure" }>["exception"],
  message: string,
): void {
  dequeue(core, work);
  core.delayed.delete(work);
  core.counts.failed += 1;
  finish(core, work, { kind: "failure", exception, message });
}

/** Tries a work again after a failure that was not its own; once it has failed more than `maxRetries` times, whoever repeated it, it fails with the reason. */
export function retry(core: CoreState, work: Work, reason: string, options: { readonly now?: boolean } = {}): void {
  if (work.state === "finished" || work.state === "dropped") return;
  work.retries += 1;
  if (work.retries > core.options.maxRetries) {
    fail(core, work, "WorkerDiedError", `${reason}; gave up after ${work.retries} failed attempts`);
    return;
  }
  core.counts.retried += 1;
  work.child = undefined;
  if (options.now === true) {
    letStart(core, work, "front");
    return;
  }
  work.state = "delayed";
  work.readyAt = core.now + core.options.retryMs * 2 ** (work.retries - 1) * (0.5 + core.random());
  core.delayed.add(work);
  core.delayedUntil = Math.min(core.delayedUntil, work.readyAt);
}

/** Works whose back-off is over may start again. */
export function requeueDelayed(core: CoreState): void {
  if (core.now < core.delayedUntil) return;
  core.delayedUntil = Number.POSITIVE_INFINITY;
  for (const work of core.delayed) {
    if (work.readyAt > core.now) core.delayedUntil = Math.min(core.delayedUntil, work.readyAt);
    else {
      core.delayed.delete(work);
      letStart(core, work, "front");
    }
  }
}

/** Nobody wants this work any more: wherever it stands, it ends without an answer. Its slot stays taken until its child is over. */
export function drop(core: CoreState, work: Work): void {
  const claim = work.claim;
  if (claim !== undefined) {
    abandonDelivery(core, claim);
    if (claim.worker.assignments.get(work.task.taskId) === claim) claim.worker.assignments.delete(work.task.taskId);
    work.claim = undefined;
  }
  dequeue(core, work);
  const { child, index, state } = work;
  releaseOutcome(core, work);
  forgetWork(core, work);
  if (child !== undefined && state === "bundled") stopUnwanted(core, child, [index]);
}

/**
 * The worker that held the task was given up. What has started goes on unclaimed for a while: the scheduler assigns the task again, perhaps to
 * us. What has not started is forgotten.
 */
export function unclaim(core: CoreState, work: Work): void {
  const claim = work.claim;
  if (claim === undefined) return;
  abandonDelivery(core, claim);
  claim.worker.assignments.delete(work.task.taskId);
  work.claim = undefined;
  if (work.state === "bundled" || work.state === "staging" || work.state === "finished") {
    work.claimUntil = undefined;
    core.unclaimed.add(work);
  } else drop(core, work);
}

/**
 * Answers a cancel. `canceled` is also right for what is unknown: the scheduler ignores it for a task that is gone, and waits for ever where it
 * hears `cancelNotFound` (releases before 2.7).
 */
export function onCancel(core: CoreState, worker: Worker, taskId: string, force: boolean): void {
  const assignment = worker.assignments.get(taskId);
  const work = assignment?.work;
  const started = work !== undefined && ["staging", "bundled", "finished"].includes(work.state);
  const answered = assignment?.state === "delivered";
  // Not `cancelFailed` once the result is sent: it may have been thrown away for a client's cancel that joined this one, and is not sent twice.
  const answer = force || !started || answered ? "canceled" : "cancelFailed";
  if (answer === "canceled" && assignment !== undefined && work !== undefined) {
    // The result may also be lost with its link, together with this answer; then the task is assigned again.
    if (answered && !force) unclaim(core, work);
    else if (answered) settle(core, assignment);
    else {
      core.counts.canceled += 1;
      drop(core, work);
    }
  }
  core.emit({ type: "confirm", worker: worker.id, session: worker.session, taskId, answer });
}

/** The shell stored and sent a result, or could not. */
export function onDelivered(core: CoreState, event: Extract<EngineEvent, { type: "delivered" }>): void {
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
