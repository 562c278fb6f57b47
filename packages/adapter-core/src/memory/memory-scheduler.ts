import { createHash, randomBytes } from "node:crypto";
import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import type { Clock } from "../contracts/host.ts";
import type { TaskMessage } from "../engine/core/event.ts";
import type {
  Heartbeat,
  LinkHandlers,
  ManagerHandlers,
  ManagerLink,
  ManagerReport,
  SchedulerLink,
  SchedulerPort,
  TaskAnswer,
  TaskProfile,
  WorkerMessage,
} from "../engine/ports.ts";
import type { MemoryObjects } from "./memory-objects.ts";

const OBJECT_BYTES = 16;

/** What a worker says of one task. */
type Report = Extract<WorkerMessage, { readonly taskId: string }> | ({ readonly type: "result" } & TaskAnswer);

/** What became of a task, as its client sees it. */
export interface MemoryTaskEnd {
  readonly status: "success" | "failed" | "canceled";
  /** What lies under the result's id. */
  readonly bytes: Uint8Array;
  readonly profile: TaskProfile | undefined;
  readonly out: string;
  readonly err: string;
}

/** A task that a client submitted. */
export interface MemoryTaskHandle {
  readonly task: TaskMessage;
  readonly end: Promise<MemoryTaskEnd>;
  /** Results and confirms that came for it. */
  readonly answers: string[];
  settled: boolean;
}

interface Holder {
  readonly id: string;
  handlers: LinkHandlers | undefined;
  queueSize: number;
  readonly tasks: Map<string, MemoryTaskHandle>;
}

/** Options of {@link MemoryScheduler}. */
export interface MemorySchedulerOptions {
  readonly clock: Clock;
  readonly objects: MemoryObjects;
  /** Time each message takes, in milliseconds. @default 0 */
  readonly latencyMs?: number;
}

/**
 * A scheduler of one client in this process, with the rules that the engine depends on: a worker exists from its first heartbeat, each heartbeat is
 * echoed after what came before it, tasks go to the worker with the fewest, reports count only from the worker that holds the task, a worker that
 * leaves gives its tasks back. For tests; breaches of the rules that hurt real schedulers are listed in `breaches`.
 */
export class MemoryScheduler implements SchedulerPort {
  readonly source: string = Buffer.from(`Client|${randomBytes(8).toString("hex")}`).toString("hex");
  /** What would have hurt a real scheduler or client. */
  readonly breaches: string[] = [];
  readonly heartbeats: Heartbeat[] = [];
  readonly managerReports: ManagerReport[] = [];
  readonly left: string[] = [];
  /** While false, connections are refused. */
  reachable = true;
  /** Whether it knows another manager of the same id, and so ignores the reports of this one. */
  otherManager = false;
  identity = "scheduler-1";
  readonly #options: MemorySchedulerOptions;
  readonly #holders = new Map<string, Holder>();
  readonly #handles = new Map<
    string,
    MemoryTaskHandle & { resolve(end: MemoryTaskEnd): void; out: string; err: string }
  >();
  readonly #waiting: MemoryTaskHandle[] = [];

  constructor(options: MemorySchedulerOptions) {
    this.#options = options;
    options.objects.put(this.#owned("serializer"), Buffer.from("\x80\x05serializer", "latin1"));
  }

  /** Ids of the workers that are known now. */
  get workers(): string[] {
    return [...this.#holders.keys()];
  }

  /** Stores a function or argument. */
  object(bytes: Uint8Array): string {
    const id = this.#owned(randomBytes(OBJECT_BYTES).toString("hex"));
    this.#options.objects.put(id, bytes);
    return id;
  }

  submit(
    fn: string,
    args: readonly string[],
    options: { readonly priority?: number; readonly streamOutput?: boolean } = {},
  ): MemoryTaskHandle {
    const { promise, resolve } = Promise.withResolvers<MemoryTaskEnd>();
    const { priority = 0, streamOutput = false } = options;
    const taskId = randomBytes(16).toString("hex");
    const task = { taskId, source: this.source, functionId: fn, argumentIds: args, priority, streamOutput };
    const handle = { task, end: promise, answers: [], settled: false, resolve, out: "", err: "" };
    this.#handles.set(taskId, handle);
    this.#waiting.push(handle);
    this.#assign();
    return handle;
  }

  /** Asks whoever holds the task to stop it. */
  cancel(handle: MemoryTaskHandle, force: boolean): void {
    for (const holder of this.#holders.values()) {
      if (!holder.tasks.has(handle.task.taskId)) continue;
      holder.handlers?.message({ type: "cancel", taskId: handle.task.taskId, force });
    }
  }

  /** Tells every worker that a client shut the cluster down. */
  shutdown(): void {
    for (const holder of this.#holders.values()) holder.handlers?.message({ type: "shutdown" });
  }

  deleteObjects(ids: readonly string[]): void {
    for (const holder of this.#holders.values()) holder.handlers?.message({ type: "objects-deleted", ids });
  }

  /** Breaks every connection. What workers hold stays theirs. */
  cut(reason = "reset"): void {
    for (const holder of this.#holders.values()) {
      const { handlers } = holder;
      holder.handlers = undefined;
      handlers?.down(reason, false);
    }
  }

  async open(worker: string, handlers: LinkHandlers, options?: AbortOptions): Promise<SchedulerLink> {
    await this.#options.clock.sleep(this.#options.latencyMs ?? 0, options);
    if (!this.reachable) throw new AdapterError("unavailable", "connection refused");
    let up = true;
    let holder: Holder | undefined;
    const close = (): void => {
      up = false;
      if (holder?.handlers === handlers) holder.handlers = undefined;
    };
    return {
      scheduler: this.identity,
      bufferedBytes: 0,
      drained: async () => {},
      send: (message) => {
        if (!up || (holder !== undefined && holder.handlers !== handlers)) return;
        if (message.type === "heartbeat") holder = this.#heartbeat(worker, handlers, message);
        else if (message.type !== "results") this.#report(worker, message);
        else for (const answer of message.results) this.#report(worker, { type: "result", ...answer });
      },
      leave: async () => {
        if (!up) return;
        close();
        this.left.push(worker);
        this.#holders.delete(worker);
        for (const handle of holder?.tasks.values() ?? []) this.#waiting.push(handle);
        this.#assign();
      },
      close,
    };
  }

  async openManager(handlers: ManagerHandlers, options?: AbortOptions): Promise<ManagerLink> {
    await this.#options.clock.sleep(this.#options.latencyMs ?? 0, options);
    if (!this.reachable) throw new AdapterError("unavailable", "connection refused");
    return {
      beat: (report) => {
        this.managerReports.push(report);
        if (this.otherManager) return;
        handlers.echo();
        handlers.wishes([{ taskConcurrency: 1, capabilities: {} }]);
      },
      close: () => {},
    };
  }

  #heartbeat(worker: string, handlers: LinkHandlers, beat: Heartbeat): Holder {
    this.heartbeats.push(beat);
    const known = this.#holders.get(worker);
    const holder = known ?? { id: worker, handlers, queueSize: beat.queueSize, tasks: new Map() };
    holder.handlers = handlers;
    this.#holders.set(worker, holder);
    if (known === undefined) this.#assign();
    void this.#later(() => holder.handlers === handlers && handlers.message({ type: "echo" }));
    return holder;
  }

  #report(worker: string, message: Report): void {
    const holder = this.#holders.get(worker);
    const handle = this.#handles.get(message.taskId);
    if (handle === undefined) return;
    const holds = holder?.tasks.has(message.taskId) === true;
    if (message.type === "log") {
      if (!holds || handle.settled) this.breaches.push(`a log after the answer of ${message.taskId}`);
      else if (message.stream === "stdout") handle.out += message.text;
      else handle.err += message.text;
      return;
    }
    if (!holds) {
      this.breaches.push(`${message.type} of ${message.taskId} by ${worker}, which does not hold it`);
      return;
    }
    if (message.type === "confirm") {
      handle.answers.push(message.answer);
      if (message.answer === "canceled") this.#settle(holder, handle, "canceled", new Uint8Array(), undefined);
      return;
    }
    handle.answers.push(message.status);
    const bytes = this.#options.objects.peek(message.objectId);
    if (bytes === undefined) this.breaches.push(`the result of ${message.taskId} came before its object`);
    this.#settle(holder, handle, message.status, bytes ?? new Uint8Array(), message.profile);
  }

  #settle(
    holder: Holder | undefined,
    handle: MemoryTaskHandle,
    status: MemoryTaskEnd["status"],
    bytes: Uint8Array,
    profile: TaskProfile | undefined,
  ): void {
    const full = this.#handles.get(handle.task.taskId);
    holder?.tasks.delete(handle.task.taskId);
    handle.settled = true;
    full?.resolve({ status, bytes, profile, out: full.out, err: full.err });
    this.#assign();
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      let best: Holder | undefined;
      for (const holder of this.#holders.values()) {
        if (holder.handlers === undefined || holder.tasks.size >= holder.queueSize) continue;
        if (best === undefined || holder.tasks.size < best.tasks.size) best = holder;
      }
      const handle = this.#waiting[0];
      if (best === undefined || handle === undefined) return;
      this.#waiting.shift();
      best.tasks.set(handle.task.taskId, handle);
      const { handlers } = best;
      void this.#later(() => handlers?.message({ type: "task", task: handle.task }));
    }
  }

  async #later(work: () => unknown): Promise<void> {
    await this.#options.clock.sleep(this.#options.latencyMs ?? 0);
    work();
  }

  #owned(suffix: string): string {
    const owner = createHash("md5").update(Buffer.from(this.source, "hex")).digest("hex");
    return owner + (suffix.length === 32 ? suffix : createHash("md5").update(suffix).digest("hex"));
  }
}
