import { createHash } from "node:crypto";
import type { SchedulerMessage, Task, TaskCancelConfirmType, TaskResultType } from "@scaler-aws-hpc/scaler-protocol";
import { ClientError } from "../src/client-error.ts";
import { decodeValue, encodeFailure, encodeValue } from "../src/format/index.ts";
import type { SchedulerPort, StoragePort } from "../src/session/ports.ts";
import type { Session } from "../src/session/session.ts";

/**
 * A scheduler and an object storage in memory, as a client meets them. It does what a test says, keeps a journal, and notes each breach of what clients
 * owe: objects announced and stored before a task names them, cancels for tasks that are there, nothing after the farewell.
 */
export class FakeCluster {
  readonly objects = new Map<string, Uint8Array>();
  readonly sent: SchedulerMessage[] = [];
  readonly breaches: string[] = [];
  readonly deleted: string[] = [];
  /** Tasks that have come and were not answered, by id. */
  readonly tasks = new Map<string, Task>();
  session: Session | undefined;
  /** What answers a task when it comes, if anything. */
  onTask: (task: Task) => void = () => undefined;
  onCancel: (taskId: string) => void = () => undefined;
  onDisconnect: (kind: "disconnect" | "shutdown") => void = () => undefined;
  /** Ids whose `set` fails, and whose `get` does. */
  failSets = false;
  failGets = false;
  /** Awaited by each `set`. */
  gate: Promise<void> = Promise.resolve();
  readonly #announced = new Set<string>();
  #results = 0;
  #left = false;

  readonly scheduler: SchedulerPort = {
    send: (message) => this.#receive(message),
    drained: async () => undefined,
    close: async () => undefined,
  };

  readonly storage: StoragePort = {
    set: async (id, bytes) => {
      await this.gate;
      if (this.failSets) throw new Error("disk full");
      this.objects.set(id, Uint8Array.from(bytes));
    },
    get: async (id, options) => {
      await Promise.resolve();
      options?.signal?.throwIfAborted();
      const bytes = this.objects.get(id);
      if (bytes === undefined || this.failGets) throw new Error(`object ${id} is missing`);
      return bytes;
    },
    delete: async (ids) => {
      for (const id of ids) this.#delete(id);
      return ids.length;
    },
    close: async () => undefined,
  };

  /** Arguments of a task, decoded. */
  args(task: Task): unknown[] {
    return task.functionArgs.map(({ data }) => decodeValue(this.objects.get(data) ?? new Uint8Array()));
  }

  succeed(task: Task, value: unknown): void {
    this.#finish(task, "success", encodeValue(value, "result"));
  }

  fail(task: Task, thrown: unknown): void {
    this.#finish(task, "failed", thrown instanceof Uint8Array ? thrown : encodeFailure(thrown));
  }

  die(task: Task): void {
    this.#finish(task, "failedWorkerDied", undefined);
  }

  confirm(taskId: string, cancelConfirmType: TaskCancelConfirmType): void {
    if (cancelConfirmType !== "cancelFailed") this.tasks.delete(taskId);
    this.session?.onMessage({ kind: "taskCancelConfirm", taskId, cancelConfirmType });
  }

  lose(): void {
    this.session?.onLost(new ClientError("disconnected", "lost the scheduler"));
  }

  /** Ids of objects other than results. */
  get inputs(): string[] {
    return [...this.objects.keys()].filter((id) => !id.startsWith("result"));
  }

  #finish(task: Task, resultType: TaskResultType, bytes: Uint8Array | undefined): void {
    if (!this.tasks.delete(task.taskId)) throw new Error("the test answers a task twice");
    this.#results += 1;
    const id = `result${this.#results}`.padEnd(64, "0");
    if (bytes !== undefined) this.objects.set(id, bytes);
    const results = bytes === undefined ? [] : [id];
    this.session?.onMessage({
      kind: "taskResult",
      taskId: task.taskId,
      resultType,
      metadata: new Uint8Array(),
      results,
    });
  }

  #receive(message: SchedulerMessage): void {
    if (this.#left) this.breaches.push(`${message.kind} after the farewell`);
    this.sent.push(message);
    switch (message.kind) {
      case "objectInstruction":
        for (const id of message.objectIds) {
          if (message.instructionType === "create") this.#announced.add(id);
          else this.#delete(id);
        }
        break;
      case "task":
        this.#onTask(message);
        break;
      case "taskCancel":
        if (!message.force) this.breaches.push("a cancel that is not forced");
        this.onCancel(message.taskId);
        break;
      case "clientDisconnect":
        this.#left = message.disconnectType === "disconnect";
        this.onDisconnect(message.disconnectType);
        break;
      default:
        this.breaches.push(`unexpected ${message.kind}`);
    }
  }

  #onTask(task: Task): void {
    const md5 = (bytes: string | Buffer): string => createHash("md5").update(bytes).digest("hex");
    const serializer = `${md5(Buffer.from(task.source, "hex"))}${md5("serializer")}`;
    for (const id of [serializer, task.funcObjectId, ...task.functionArgs.map(({ data }) => data)]) {
      if (!this.#announced.has(id)) this.breaches.push(`object ${id} was not announced before the task`);
      if (!this.objects.has(id)) this.breaches.push(`object ${id} was not stored before the task`);
    }
    this.tasks.set(task.taskId, task);
    this.onTask(task);
  }

  #delete(id: string): void {
    for (const task of this.tasks.values()) {
      if (task.functionArgs.some(({ data }) => data === id)) this.breaches.push(`object ${id} deleted under a task`);
    }
    this.objects.delete(id);
    this.deleted.push(id);
  }
}
