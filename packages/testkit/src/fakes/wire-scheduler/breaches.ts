import type { SchedulerMessage, UnknownMessage } from "@scaler-aws-hpc/scaler-protocol";
import { decodeTaskFlags } from "@scaler-aws-hpc/scaler-protocol";
import type { JournalEntry } from "./journal.ts";
import type { WirePeer } from "./wire-peer.ts";

/** A task that the scheduler gave to a worker id. */
interface Held {
  readonly source: string;
  readonly wantsOutput: boolean;
  answered: "no" | "result" | "canceled";
  /** Cancels that were sent and not answered. */
  openCancels: number;
}

/** What the scheduler knows of one worker id. */
interface Known {
  readonly tasks: Map<string, Held>;
  /** Objects announced, and confirmed to be stored, since the connection before this one ended and since the last result that named them. */
  announced: Set<string>;
  stored: Set<string>;
  peer: WirePeer;
  /** The connection ended, and no other has come yet. */
  ended: boolean;
  left: boolean;
  beat: boolean;
}

/**
 * Reads a journal as a careful scheduler would, and tells every breach of a rule that hurts a scheduler or its clients, in words that begin with the rule:
 *
 * 1. output only while the task is ours and unanswered, and only when asked for
 * 2. 0 or 16 bytes of metadata in a result
 * 3. one object per result, stored, then announced, then named, on the connection of the result
 * 4. no cancel unanswered when a worker leaves
 * 5. no `cancelNotFound`, one answer per cancel, no result after a confirmed cancel
 * 6. no worker id that vanishes: one whose connection ended has left, or came back
 * 7. no heartbeat after the leave message
 *
 * @param atEnd the manager is over: judge also who vanished
 */
export function breaches(journal: { readonly entries: readonly JournalEntry[] }, atEnd = false): string[] {
  const judge = new Judge();
  for (const entry of journal.entries) judge.take(entry);
  return atEnd ? [...judge.found, ...judge.vanished()] : judge.found;
}

class Judge {
  readonly found: string[] = [];
  readonly #workers = new Map<string, Known>();

  take(entry: JournalEntry): void {
    if (entry.type === "stored") {
      for (const { stored } of this.#workers.values()) stored.add(entry.objectId);
    } else if ("peer" in entry && entry.peer.isWorker) {
      const worker = this.#worker(entry.peer);
      if (entry.type === "sent") this.#sent(worker, entry.message);
      if (entry.type === "received") this.#heard(worker, entry.peer, entry.message);
      if (entry.type === "ended" && worker.peer === entry.peer) this.#end(worker);
    }
  }

  vanished(): string[] {
    return [...this.#workers].flatMap(([id, { left, beat }]) => (beat && !left ? [`6: ${id} vanished`] : []));
  }

  #worker(peer: WirePeer): Known {
    let known = this.#workers.get(peer.identity);
    if (known === undefined) {
      const fresh = { tasks: new Map(), announced: new Set<string>(), stored: new Set<string>() };
      known = { ...fresh, peer, ended: false, left: false, beat: false };
      this.#workers.set(peer.identity, known);
    } else if (known.peer !== peer && peer.number > known.peer.number) {
      if (!known.ended) this.#end(known);
      known.peer = peer;
      known.ended = false;
    }
    return known;
  }

  /** What was stored or announced for this connection does not count for the next. An object may be stored for that one before its first word is heard. */
  #end(worker: Known): void {
    worker.ended = true;
    worker.announced = new Set();
    worker.stored = new Set();
  }

  #sent(worker: Known, message: SchedulerMessage): void {
    if (message.kind === "task") {
      const { taskId, source, metadata } = message;
      const wantsOutput = metadata.length === 6 && decodeTaskFlags(metadata).streamOutput;
      worker.tasks.set(taskId, { source, wantsOutput, answered: "no", openCancels: 0 });
    } else if (message.kind === "taskCancel") {
      const unknown: Held = { source: "", wantsOutput: false, answered: "canceled", openCancels: 0 };
      const held = worker.tasks.get(message.taskId) ?? unknown;
      held.openCancels += 1;
      worker.tasks.set(message.taskId, held);
    }
  }

  #heard(worker: Known, peer: WirePeer, message: SchedulerMessage | UnknownMessage): void {
    if (worker.left) this.found.push(`${message.kind === "workerHeartbeat" ? 7 : 6}: ${message.kind} after the leave`);
    switch (message.kind) {
      case "workerHeartbeat":
        worker.beat = true;
        break;
      case "taskLog": {
        const held = worker.tasks.get(message.taskId);
        if (held?.answered !== "no") this.found.push(`1: output of ${message.taskId}, which is answered or not held`);
        else if (!held.wantsOutput) this.found.push(`1: output of ${message.taskId}, which nobody asked for`);
        break;
      }
      case "objectInstruction":
        if (message.instructionType !== "create") this.found.push(`3: a worker's ${message.instructionType}`);
        for (const id of message.objectIds) {
          if (!worker.stored.has(id)) this.found.push(`3: object ${id} announced before it was stored`);
          worker.announced.add(id);
        }
        break;
      case "taskResult":
        this.#result(worker, message);
        break;
      case "taskCancelConfirm": {
        const held = worker.tasks.get(message.taskId);
        if (message.cancelConfirmType === "cancelNotFound") this.found.push(`5: cancelNotFound for ${message.taskId}`);
        if (held === undefined || held.openCancels === 0) this.found.push(`5: a confirm that nobody asked for`);
        else held.openCancels -= 1;
        if (held !== undefined && message.cancelConfirmType === "canceled") held.answered = "canceled";
        break;
      }
      case "disconnectRequest":
      case "workerDisconnectNotification":
        this.#leave(worker, peer, message);
        break;
      default:
        this.found.push(`8: a worker does not say ${message.kind}`);
    }
  }

  #result(worker: Known, message: Extract<SchedulerMessage, { kind: "taskResult" }>): void {
    const { taskId, metadata, results, resultType } = message;
    const held = worker.tasks.get(taskId);
    if (![0, 16].includes(metadata.length)) this.found.push(`2: ${metadata.length} bytes of metadata`);
    const expected = resultType === "failedWorkerDied" ? 0 : 1;
    if (results.length !== expected) this.found.push(`3: ${results.length} objects in a result "${resultType}"`);
    for (const id of results) {
      if (!worker.announced.has(id)) this.found.push(`3: object ${id} named before it was announced`);
      // Sent again, all of it goes again.
      worker.announced.delete(id);
      worker.stored.delete(id);
    }
    if (held === undefined) this.found.push(`5: a result of ${taskId}, which the worker does not hold`);
    else if (held.answered === "canceled") this.found.push(`5: a result of ${taskId} after its cancel was confirmed`);
    else held.answered = "result";
  }

  #leave(worker: Known, peer: WirePeer, message: SchedulerMessage): void {
    if (message.kind === "disconnectRequest" && message.worker !== Buffer.from(peer.identity).toString("hex"))
      this.found.push(`6: ${peer.identity} says that another worker leaves`);
    worker.left = true;
    for (const [taskId, held] of worker.tasks)
      if (held.openCancels > 0) this.found.push(`4: the cancel of ${taskId} was not answered before the leave`);
  }
}
