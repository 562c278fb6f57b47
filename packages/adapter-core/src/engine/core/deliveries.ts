import { releaseOutcome } from "./frames.ts";
import type { CoreState } from "./state.ts";
import type { Assignment, Work, Worker } from "./work.ts";

/** Starts to store and send the outcome of a finished work to whoever claims it, once that worker's link is up. */
export function deliver(core: CoreState, assignment: Assignment): void {
  const { work, worker } = assignment;
  if (work.state !== "finished" || work.outcome === undefined || worker.link !== "up") return;
  assignment.state = "delivering";
  assignment.delivery = core.nextDelivery++;
  core.deliveries.set(assignment.delivery, assignment);
  core.emit({
    type: "deliver",
    delivery: assignment.delivery,
    worker: worker.id,
    session: worker.session,
    taskId: work.task.taskId,
    source: work.task.source,
    from: work.outcome,
    logs: work.task.streamOutput && !assignment.logsSent,
  });
}

/** The shell may send nothing of it from now on. */
export function abandonDelivery(core: CoreState, assignment: Assignment): void {
  if (assignment.state !== "delivering") return;
  core.deliveries.delete(assignment.delivery);
  core.emit({ type: "abandon", delivery: assignment.delivery });
  assignment.state = "open";
}

/** The result went out. The next heartbeat's echo will prove that the scheduler handled it. */
export function markDelivered(assignment: Assignment): void {
  assignment.state = "delivered";
  assignment.logsSent = true;
  assignment.ackSeq = assignment.worker.heartbeatSeq + 1;
  assignment.worker.unacked.push(assignment);
}

/** An echo came for heartbeat `seq`: everything sent before that heartbeat was handled. */
export function acknowledge(core: CoreState, worker: Worker, seq: number): void {
  let count = 0;
  for (const assignment of worker.unacked) {
    if (assignment.ackSeq > seq) break;
    count += 1;
    if (assignment.state !== "delivered") continue;
    settle(core, assignment);
  }
  if (count > 0) worker.unacked.splice(0, count);
}

/** The scheduler is done with this assignment: forget it and its outcome. */
export function settle(core: CoreState, assignment: Assignment): void {
  const { work, worker } = assignment;
  abandonDelivery(core, assignment);
  if (worker.assignments.get(work.task.taskId) === assignment) worker.assignments.delete(work.task.taskId);
  if (work.claim !== assignment) return;
  work.claim = undefined;
  releaseOutcome(core, work);
  forgetWork(core, work);
}

/** Takes a work out of everything; its client may now be idle. */
export function forgetWork(core: CoreState, work: Work): void {
  work.state = "dropped";
  core.unclaimed.delete(work);
  core.delayed.delete(work);
  if (core.works.get(work.task.taskId) === work) core.works.delete(work.task.taskId);
  const client = core.clients.get(work.task.source);
  if (client === undefined) return;
  client.works -= 1;
  if (client.works === 0) client.idleSince = core.now;
}
