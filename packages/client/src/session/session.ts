import type { SchedulerMessage, UnknownMessage } from "@scaler-aws-hpc/scaler-protocol";
import { ClientError } from "../client-error.ts";
import { within } from "../deadline.ts";
import { serializerObject } from "../format/serializer-object.ts";
import { type ClientClock, systemClock } from "../outside/clock.ts";
import type { PreparedTask } from "../task/prepare-task.ts";
import type { ClientStats } from "./client-stats.ts";
import { deliverOutput } from "./deliver-output.ts";
import { Gate } from "./gate.ts";
import { type ClientIdentity, random16 } from "./identity.ts";
import { type IdleLimits, ObjectTable, type StoredObject } from "./object-table.ts";
import type { SchedulerPort, StoragePort } from "./ports.ts";
import { ResultReader } from "./result-reader.ts";
import { ShutdownRequest } from "./shutdown-request.ts";
import { type TaskRequest, taskMessage } from "./task-request.ts";
import { type RunHost, TaskRun } from "./task-run.ts";

/** Unused arguments that stay in the storage, in case that equal ones come. */
const IDLE_LIMITS: IdleLimits = { objects: 1_024, bytes: 64 * 1024 * 1024 };

/** What a session stands on. */
export interface SessionPorts {
  readonly identity: ClientIdentity;
  readonly scheduler: SchedulerPort;
  readonly storage: StoragePort;
  readonly idleLimits?: IdleLimits;
  /** @default random ones */
  readonly newTaskId?: () => string;
  /** @default real time */
  readonly clock?: ClientClock;
}

/**
 * A client's half of the conversation, without its sockets: objects are announced and stored before tasks name them, every cancel is
 * confirmed before the client leaves, and a lost scheduler fails what is open.
 */
export class Session implements RunHost {
  readonly #identity: ClientIdentity;
  readonly #scheduler: SchedulerPort;
  readonly #newTaskId: () => string;
  readonly #clock: ClientClock;
  readonly #objects: ObjectTable;
  readonly #results: ResultReader;
  readonly #runs = new Map<string, TaskRun>();
  readonly #held = new Map<TaskRun, StoredObject[]>();
  readonly #functions = new WeakMap<PreparedTask, StoredObject>();
  readonly #counts = { submitted: 0, succeeded: 0, failed: 0, canceled: 0 };
  /** What is submitted meanwhile has to wait: its objects would go with the others. */
  readonly #clearing = new Gate();
  readonly #shutdown: ShutdownRequest;
  #shuttingDown: Promise<boolean> | undefined;
  #over: ClientError | undefined;

  constructor(ports: SessionPorts) {
    const { identity, scheduler, storage, clock = systemClock } = ports;
    this.#newTaskId = ports.newTaskId ?? random16;
    this.#clock = clock;
    this.#identity = identity;
    this.#scheduler = scheduler;
    this.#objects = new ObjectTable(identity, scheduler, storage, ports.idleLimits ?? IDLE_LIMITS, clock);
    this.#results = new ResultReader(storage);
    this.#shutdown = new ShutdownRequest(scheduler, clock);
  }

  /** Stores the serializer, which everything else needs. */
  async start(): Promise<void> {
    const serializer = this.#objects.addSerializer(serializerObject());
    this.#objects.announce();
    await serializer.ready;
  }

  get stats(): ClientStats {
    const { uploadedObjects, uploadedBytes } = this.#objects;
    const { downloadedObjects, downloadedBytes } = this.#results;
    return {
      uploadedObjects,
      uploadedBytes,
      downloadedObjects,
      downloadedBytes,
      open: this.#runs.size,
      ...this.#counts,
    };
  }

  /** Why no more can be submitted: the client was closed, or the scheduler lost. */
  get over(): ClientError | undefined {
    return this.#over;
  }

  /** Stores a value until {@link remove}, {@link clear} or the end. */
  async put(bytes: Uint8Array, name: string): Promise<StoredObject> {
    await this.#clearing.passed();
    this.assertOpen();
    const object = this.#objects.hold(bytes, name);
    this.#objects.announce();
    await object.ready;
    return object;
  }

  /** Deletes a stored value everywhere. */
  remove(object: StoredObject): void {
    if (this.#over === undefined) this.#objects.remove(object);
  }

  /** Whether a stored value is still there. */
  has(object: StoredObject): boolean {
    return this.#objects.has(object);
  }

  /** Sends a task as soon as what it needs is stored. */
  submit(request: TaskRequest): TaskRun {
    this.assertOpen();
    const run = new TaskRun(this.#newTaskId(), this, request.onOutput);
    this.#runs.set(run.id, run);
    this.#counts.submitted += 1;
    void this.#send(run, request);
    return run;
  }

  onMessage(message: SchedulerMessage | UnknownMessage): void {
    switch (message.kind) {
      case "taskResult": {
        const run = this.#runs.get(message.taskId);
        if (run?.state === "submitted" || run?.state === "canceling") {
          run.fetching(message.results);
          void this.#results.read(run, message);
        } else if (run?.state === "fetching") {
          this.#results.discardRepeated(run, message);
        } else {
          this.#results.discard(message);
        }
        break;
      }
      case "taskCancelConfirm": {
        const run = this.#runs.get(message.taskId);
        if (run?.state !== "canceling") break;
        if (message.cancelConfirmType === "cancelFailed") run.cancelRefused();
        else run.canceled();
        break;
      }
      case "taskLog":
        deliverOutput(this.#runs.get(message.taskId), message, this.#clock);
        break;
      case "clientShutdownResponse":
        this.#shutdown.answered(message.accepted);
        break;
      default: // echoes are the link's, and the rest is not for clients
    }
  }

  /** The scheduler is gone: fails all that is open. What is being read from the storage may still come. */
  onLost(reason: ClientError): void {
    // A scheduler that is asked to end may be gone before its answer is out.
    this.#over ??= this.#shutdown.waiting ? closed() : reason;
    this.#shutdown.answered(true);
    for (const run of [...this.#runs.values()]) {
      if (run.state !== "fetching") run.fail(reason);
    }
  }

  /** Cancels all tasks and deletes all objects but the serializer. */
  async clear(timeoutMs: number): Promise<void> {
    this.assertOpen();
    await this.#clearing.during(async () => {
      await this.#cancelAll(timeoutMs);
      this.assertOpen();
      this.#objects.clear();
    });
  }

  /** Refuses new work, cancels all tasks, waits for the answers and for uploads, and leaves. */
  async leave(timeoutMs: number): Promise<void> {
    const lost = this.#over;
    this.#over ??= closed();
    this.#shutdown.withdraw(this.#over);
    const beganAt = this.#clock.now();
    await this.#cancelAll(timeoutMs);
    this.#abandon();
    this.#objects.announce();
    // What is stored only after the scheduler has deleted all would stay for ever.
    const leftMs = Math.max(0, timeoutMs - (this.#clock.now() - beganAt));
    if (lost === undefined) await within(this.#objects.uploaded(), leftMs, () => undefined, { clock: this.#clock });
    if (lost === undefined) this.#scheduler.send({ kind: "clientDisconnect", disconnectType: "disconnect" });
  }

  /** Ends the cluster. @returns whether the scheduler accepts that @throws {ClientError} `unavailable` where it does not answer */
  async shutdown(timeoutMs: number): Promise<boolean> {
    this.#shuttingDown ??= this.#askToEnd(timeoutMs).finally(() => {
      this.#shuttingDown = undefined;
    });
    return await this.#shuttingDown;
  }

  async #askToEnd(timeoutMs: number): Promise<boolean> {
    this.assertOpen();
    await this.#cancelAll(timeoutMs);
    this.assertOpen();
    const accepted = await this.#shutdown.ask(timeoutMs);
    if (accepted) {
      this.#over ??= closed();
      this.#abandon();
    }
    return accepted;
  }

  /** @throws {ClientError} `closed`, `disconnected` */
  assertOpen(): void {
    if (this.#over !== undefined) throw this.#over;
  }

  cancel(run: TaskRun): void {
    this.#scheduler.send({ kind: "taskCancel", taskId: run.id, force: true });
  }

  ended(run: TaskRun): void {
    this.#runs.delete(run.id);
    if (run.state === "succeeded" || run.state === "failed" || run.state === "canceled") this.#counts[run.state] += 1;
    const held = this.#held.get(run) ?? [];
    this.#held.delete(run);
    // Afterwards the scheduler deletes everything; and one that was lost may still have workers read it.
    if (this.#over !== undefined) return;
    for (const object of held) this.#objects.release(object);
    if (this.#runs.size === 0) this.#objects.sweep();
  }

  async #send(run: TaskRun, request: TaskRequest): Promise<void> {
    try {
      if (this.#clearing.closed) await this.#clearing.passed();
      if (run.over) return;
      const args = this.#hold(run, request);
      const prepared = await request.prepared;
      run.name = prepared.name;
      if (run.over || this.#over !== undefined) return;
      const fn = this.#function(prepared);
      await Promise.all([fn.ready, ...args.map(({ ready }) => ready), this.#scheduler.drained()]);
      if (run.over) return;
      this.#objects.announce();
      run.submitted();
      this.#scheduler.send(taskMessage(request, { taskId: run.id, source: this.#identity.hex, fn, args }));
    } catch (reason) {
      run.fail(this.#over ?? reason);
    }
  }

  #hold(run: TaskRun, request: TaskRequest): StoredObject[] {
    const held: StoredObject[] = [];
    this.#held.set(run, held);
    return request.args.map((argument, index) => {
      if ("object" in argument) {
        if (this.#objects.has(argument.object)) {
          this.#objects.holdAgain(argument.object);
          held.push(argument.object);
          return argument.object;
        }
        throw new ClientError(
          "config",
          `arguments[${index}] was released or cleared before the task was sent: put it again`,
        );
      }
      const object = this.#objects.hold(argument.bytes, `argument ${index}`);
      held.push(object);
      return object;
    });
  }

  /** Functions stay: the next task is most often the same one. */
  #function(prepared: PreparedTask): StoredObject {
    const known = this.#functions.get(prepared);
    if (known !== undefined && this.#objects.has(known)) return known;
    const fresh = this.#objects.hold(prepared.bytes, prepared.name);
    this.#functions.set(prepared, fresh);
    return fresh;
  }

  async #cancelAll(timeoutMs: number): Promise<void> {
    const runs = [...this.#runs.values()];
    const reason = this.#over ?? new ClientError("canceled", "the client's tasks were cancelled");
    for (const run of runs) void run.cancel({ reason });
    await within(Promise.allSettled(runs.map(({ result }) => result)), timeoutMs, () => [], {
      clock: this.#clock,
    });
  }

  #abandon(): void {
    const reason = closed();
    this.#results.stop(reason);
    for (const run of [...this.#runs.values()]) run.fail(reason);
  }
}

const closed = (): ClientError => new ClientError("closed", "the client was closed");
