import {
  decodeTaskFlags,
  encodeMessage,
  type SchedulerMessage,
  type Task,
  type TaskCancelConfirmType,
  type TaskResult,
} from "@scaler-aws-hpc/scaler-protocol";
import type { ClientRecord } from "./client-record.ts";
import type { ClientWorld } from "./client-world.ts";
import type { Peer, SimConnection } from "./sim-connection.ts";
import { perform } from "./sim-worker.ts";
import { strangeResult } from "./strange-results.ts";

/** Silence after which the scheduler forgets a client. */
const CLIENT_LIFE_MS = 60_000;
/** What it waits longer than a client allows itself: messages take their time. */
const SLACK_MS = 1_000;

/** The scheduler's side of one client: it answers, late and strangely where the scenario says so, and ends when its connection does or the scheduler restarts. */
export class SimSchedulerPeer implements Peer {
  readonly #world: ClientWorld;
  readonly #record: ClientRecord;
  readonly #connection: SimConnection;
  readonly #running = new Map<string, Task>();
  readonly #finished: string[] = [];
  #gone = false;
  #heartbeats = 0;

  constructor(world: ClientWorld, record: ClientRecord, connection: SimConnection) {
    this.#world = world;
    this.#record = record;
    this.#connection = connection;
  }

  onSent(message: SchedulerMessage): void {
    this.#record.onSent(message);
  }

  onArrived(message: SchedulerMessage): void {
    if (this.#gone) return;
    if (message.kind === "clientHeartbeat") this.#echo();
    else if (this.#record.givenUp) return;
    else if (message.kind === "task") this.#run(message);
    else if (message.kind === "taskCancel") this.#cancel(message.taskId);
    else if (message.kind === "objectInstruction" && message.instructionType === "delete")
      this.#delete(message.objectIds);
    else if (message.kind === "clientDisconnect") {
      if (message.disconnectType === "disconnect") this.#forget();
      else this.#shutdown();
    }
  }

  onOver(lost: boolean): void {
    if (lost) this.#record.lost = true;
    this.#record.beats.onOver();
    this.#world.connections.delete(this.#connection);
    this.#world.kernel.after(CLIENT_LIFE_MS, () => this.#forget());
  }

  onClosing(): void {
    this.#record.beats.onOver();
  }

  onDestroyed(): void {
    this.#record.lost = true;
    this.#record.beats.onGivenUp();
  }

  /** The scheduler ends, and all that it knew. */
  end(): void {
    this.#record.unheard = true;
    this.#letGo();
  }

  #letGo(): void {
    this.#gone = true;
    this.#running.clear();
  }

  #echo(): void {
    const { kernel, faulty, scenario } = this.#world;
    this.#heartbeats += 1;
    const last = this.#heartbeats;
    kernel.after(scenario.silenceMs + SLACK_MS, () => {
      if (last === this.#heartbeats) this.#giveUp();
    });
    const late = faulty(scenario.rates.echoLate);
    if (late) kernel.seen("echo late");
    const objectStorageAddress = { host: "storage", port: 1, scheme: "tcp" };
    kernel.after(late ? kernel.random.spread(100, scenario.silenceMs * 0.5) : 0, () =>
      this.#say({ kind: "clientHeartbeatEcho", objectStorageAddress }, () => this.#record.beats.onEcho()),
    );
  }

  #run(task: Task): void {
    this.#running.set(task.taskId, task);
    const { kernel, scenario } = this.#world;
    const ends = (): void => {
      if (this.#gone || !this.#running.has(task.taskId)) return;
      const done = perform(this.#world, task);
      if (done !== undefined) this.#finish(task, done.type, done.bytes);
      else if (!this.#record.clearedEarly) kernel.fail("objects", `an object of task ${task.taskId} is missing`);
    };
    kernel.after(kernel.random.logNormal(scenario.medianTaskMs, 0.8), ends);
  }

  #finish(task: Task, resultType: TaskResult["resultType"], bytes: Uint8Array | undefined): void {
    const { kernel, faulty, scenario } = this.#world;
    this.#running.delete(task.taskId);
    const earliest = this.#running.keys().next().value;
    if (earliest !== undefined && earliest !== task.taskId) kernel.seen("results out of order");
    const plain = this.#result(task.taskId, resultType, bytes);
    const result = faulty(scenario.rates.strangeResult) ? strangeResult(this.#world, this.#record, plain) : plain;
    if (decodeTaskFlags(task.metadata).streamOutput && kernel.random.chance(0.7)) {
      kernel.seen("output came");
      this.#say({ kind: "taskLog", taskId: task.taskId, logType: "stdout", content: `of ${task.taskId}` });
    }
    this.#finished.push(task.taskId);
    this.#say(result, () => this.#record.answered(task.taskId));
    if (!faulty(scenario.rates.resultRepeated)) return;
    const late = kernel.random.chance(0.5);
    kernel.seen(late ? "result repeated late" : "result repeated at once");
    kernel.after(late ? kernel.random.spread(10, 30_000) : 0, () => this.#say(result));
  }

  /** Stores a result and names it. */
  #result(taskId: string, resultType: TaskResult["resultType"], bytes: Uint8Array | undefined): TaskResult {
    const results = bytes === undefined ? [] : [this.#world.newObject(this.#record, bytes)];
    return { kind: "taskResult", taskId, resultType, metadata: new Uint8Array(), results };
  }

  #cancel(taskId: string): void {
    const { kernel, faulty, scenario } = this.#world;
    if (faulty(scenario.rates.cancelUnanswered)) {
      kernel.seen("cancel never answered");
      return;
    }
    kernel.after(kernel.random.spread(0.1, 3_000), () => {
      if (this.#gone) return;
      const task = this.#running.get(taskId);
      if (task === undefined) {
        kernel.seen("cancel crossed its result");
        this.#confirm(taskId, "cancelNotFound");
      } else if (faulty(scenario.rates.cancelRefused)) {
        kernel.seen("cancel refused");
        this.#confirm(taskId, "cancelFailed");
      } else {
        kernel.seen("cancel confirmed");
        this.#running.delete(taskId);
        this.#confirm(taskId, "canceled");
        if (faulty(scenario.rates.lateResult)) this.#lateResult(task);
      }
    });
  }

  #confirm(taskId: string, cancelConfirmType: TaskCancelConfirmType): void {
    const { kernel, faulty, scenario } = this.#world;
    const confirm = { kind: "taskCancelConfirm", taskId, cancelConfirmType } as const;
    this.#say(confirm, () =>
      cancelConfirmType === "cancelFailed" ? this.#record.refused(taskId) : this.#record.answered(taskId),
    );
    if (!faulty(scenario.rates.strayConfirm)) return;
    if (cancelConfirmType !== "cancelFailed") {
      kernel.seen("cancel confirmed twice");
      this.#say(confirm);
    }
    kernel.seen("confirmation of an unknown task");
    this.#say({ ...confirm, taskId: kernel.random.hex(16) });
  }

  #lateResult(task: Task): void {
    const { kernel } = this.#world;
    kernel.after(kernel.random.spread(1, 5_000), () => {
      if (this.#gone) return;
      const done = perform(this.#world, task);
      if (done === undefined) return;
      kernel.seen("result after a cancel was confirmed");
      this.#say(this.#result(task.taskId, done.type, done.bytes));
      kernel.seen("result of an unknown task");
      this.#say(this.#result(kernel.random.hex(16), done.type, done.bytes));
    });
  }

  #delete(ids: readonly string[]): void {
    for (const id of ids) {
      this.#world.objects.delete(id);
      this.#record.announced.set(id, "deleted");
    }
  }

  /** Takes a client that sends no heartbeat for dead: it is told nothing, and its heartbeats are answered again. */
  #giveUp(): void {
    if (this.#gone || this.#record.givenUp) return;
    this.#record.unheard = true;
    this.#forget();
    this.#gone = false;
    this.#record.givenUp = true;
  }

  /** Deletes all that it knows of the client, and lets it go. */
  #forget(): void {
    if (this.#gone) return;
    this.#letGo();
    for (const [id, name] of this.#record.announced) if (name !== "deleted") this.#world.objects.delete(id);
    for (const id of this.#record.results) this.#world.objects.delete(id);
  }

  #shutdown(): void {
    const { kernel, scenario } = this.#world;
    if (kernel.random.chance(0.2)) {
      kernel.seen("shutdown never answered");
      return;
    }
    if (scenario.protectedScheduler) {
      kernel.seen("shutdown refused");
      this.#say({ kind: "clientShutdownResponse", accepted: false });
      return;
    }
    kernel.seen("shutdown accepted");
    this.#record.shutDown = true;
    if (kernel.random.chance(0.7)) this.#say({ kind: "clientShutdownResponse", accepted: true });
    kernel.after(kernel.random.spread(1, 1_000), () => this.#world.restart());
  }

  #say(message: SchedulerMessage, heard?: () => void): void {
    if (this.#gone) return;
    const { kernel, faulty, scenario } = this.#world;
    if (faulty(scenario.rates.linkBreaks)) {
      kernel.seen("link broken");
      this.#record.unheard = true;
      this.#connection.sever("the link broke");
      return;
    }
    if (faulty(scenario.rates.hostileFrame)) {
      kernel.seen("hostile frame");
      const frame = encodeMessage(message, scenario.magic);
      const cut = kernel.random.chance(0.5) ? frame.subarray(0, kernel.random.int(0, frame.length - 1)) : undefined;
      this.#connection.deliver(cut ?? Buffer.from(kernel.random.hex(kernel.random.int(1, 64)), "hex"));
    }
    this.#connection.deliver(message, () => {
      kernel.log(message.kind, "to client", "taskId" in message ? message.taskId : "");
      heard?.();
    });
  }
}
