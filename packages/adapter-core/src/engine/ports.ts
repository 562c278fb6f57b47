import type { AbortOptions } from "../contracts/abort-options.ts";
import type { FailureKind } from "../contracts/backend.ts";
import type { EngineEffect } from "./core/effect.ts";
import type { EngineEvent, TaskMessage } from "./core/event.ts";
import type { ObjectId, SourceId, TaskId, WorkerId } from "./core/ids.ts";

/** What decides: owns all state, takes events, answers with what is to be done. `EngineCore` is the real one. */
export interface Decider {
  /** @param now monotonic milliseconds of the engine's clock; never smaller than the call before. */
  apply(event: EngineEvent, now: number): readonly EngineEffect[];
  /** When a `tick` is wanted, by the same clock; `undefined`: not before the next event. */
  nextWake(): number | undefined;
  /** What it holds now. */
  stats?(): DeciderStats;
}

/** What a {@link Decider} holds now, and what it counted since it began. */
export interface DeciderStats {
  /** Tasks that wait to be started, and tasks in submitted children. */
  readonly queued: number;
  readonly running: number;
  readonly received: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly canceled: number;
  readonly retried: number;
  /** Workers that are open or opening. */
  readonly workers: number;
  /** Attempts of children that the backend repeated by itself. */
  readonly nativeRetries?: number;
  /** Children that failed, by reason. */
  readonly failures?: Readonly<Partial<Record<FailureKind, number>>>;
}

/** What the scheduler says to one of our workers. Order within a connection is kept. */
export type SchedulerNews =
  | { readonly type: "task"; readonly task: TaskMessage }
  | { readonly type: "cancel"; readonly taskId: TaskId; readonly force: boolean }
  /** The answer to a heartbeat. */
  | { readonly type: "echo" }
  /** These objects go: cached copies are to be dropped. */
  | { readonly type: "objects-deleted"; readonly ids: readonly ObjectId[] }
  /** A client shut the cluster's workers down. */
  | { readonly type: "shutdown" }
  /** Well-formed, but nothing that a worker knows: counted and ignored. */
  | { readonly type: "unknown"; readonly what: string };

/** What the owner of a link hears, synchronously; neither function throws. */
export interface LinkHandlers {
  message(news: SchedulerNews): void;
  /** The connection ended without `close` or `leave`; called at most once. `malformed`: because of bytes that break the format or a limit. */
  down(reason: string, malformed: boolean): void;
}

/** Processor and memory use of a process. */
export interface ProcessUse {
  /** Thousandths of one core. */
  readonly cpuPermille: number;
  readonly rssBytes: number;
}

/** One slot, as monitors show it. */
export interface SlotStatus extends ProcessUse {
  /** 0 when not known. */
  readonly pid: number;
  readonly hasTask: boolean;
  readonly taskId: TaskId | undefined;
  readonly taskAgeSeconds: number;
}

/** A worker's heartbeat. Only a worker's first one sets queue size, capabilities and manager id at the scheduler. */
export interface Heartbeat {
  readonly type: "heartbeat";
  readonly agent: ProcessUse;
  readonly memoryFreeBytes: number;
  readonly memoryLimitBytes: number;
  readonly hostname: string;
  readonly queueSize: number;
  readonly queuedTasks: number;
  readonly latencyMs: number;
  readonly full: boolean;
  readonly slots: readonly SlotStatus[];
  readonly capabilities: Readonly<Record<string, number>>;
  readonly workerManagerId: string;
}

/** What a task took, for the client's `profiling_info()`. */
export interface TaskProfile {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

/** What became of a task, and where its result is. */
export interface TaskAnswer {
  readonly taskId: TaskId;
  readonly status: "success" | "failed";
  readonly objectId: ObjectId;
  readonly objectBytes: number;
  readonly profile: TaskProfile;
}

/** What a worker says to the scheduler. */
export type WorkerMessage =
  | Heartbeat
  | {
      readonly type: "confirm";
      readonly taskId: TaskId;
      readonly answer: "canceled" | "cancelFailed" | "cancelNotFound";
    }
  /** Only while the task is unanswered: later it ends old schedulers. */
  | { readonly type: "log"; readonly taskId: TaskId; readonly stream: "stdout" | "stderr"; readonly text: string }
  /** Objects of one client that are stored: announces them all at once, then the results, in this order. */
  | { readonly type: "results"; readonly source: SourceId; readonly results: readonly TaskAnswer[] };

/** A connection under one worker id. */
export interface SchedulerLink {
  /** Identifies the scheduler process where the transport tells; another value after a reconnect: it was restarted. */
  readonly scheduler: string | undefined;
  /** Sends in order of calls, without waiting. Dropped silently once the link is down. */
  send(message: WorkerMessage): void;
  /** Bytes that wait to be sent. */
  readonly bufferedBytes: number;
  /** Resolves when few bytes wait. Rejects when the link ends first. */
  drained(options?: AbortOptions): Promise<void>;
  /** Says that this worker leaves, after everything sent before, and ends the connection; resolves when that is out, never rejects. */
  leave(options?: AbortOptions): Promise<void>;
  /** Ends the connection without a word. */
  close(): void;
}

/** The connection on which the manager itself reports. */
export interface ManagerLink {
  beat(report: ManagerReport): void;
  close(): void;
}

/** A manager's heartbeat. */
export interface ManagerReport {
  /** Tasks that may run at once; positive. */
  readonly maxTaskConcurrency: number;
  readonly capabilities: Readonly<Record<string, number>>;
  readonly workerManagerId: string;
}

/** What the scheduler would like to see run at once: a hint, ignored unless scaling follows it. */
export interface ScalingWish {
  readonly taskConcurrency: number;
  readonly capabilities: Readonly<Record<string, number>>;
}

/** What the owner of a manager link hears. */
export interface ManagerHandlers {
  wishes(wishes: readonly ScalingWish[]): void;
  /** The scheduler took a heartbeat. It never does while it knows another manager of the same id. */
  echo(): void;
  /** The connection ended without `close`. `malformed`: because of bytes that break the format or a limit. */
  down(reason: string, malformed: boolean): void;
}

/** The scheduler, as the engine needs it. Each call is one attempt; the engine repeats it with back-off. */
export interface SchedulerPort {
  /**
   * Connects under a worker id. No handler is called before this resolves, nor after `close` or `leave`.
   * @throws {AdapterError} `unavailable` (may pass), `config` (an address, a certificate), `incompatible` (another protocol)
   */
  open(worker: WorkerId, handlers: LinkHandlers, options?: AbortOptions): Promise<SchedulerLink>;
  /** Connects as the manager itself. @throws {AdapterError} as `open` */
  openManager(handlers: ManagerHandlers, options?: AbortOptions): Promise<ManagerLink>;
}

/** The cluster's object storage, as the engine needs it: calls that lose their connection are repeated inside. */
export interface ObjectsPort {
  /**
   * Reads an object. The bytes are the caller's.
   * @throws {AdapterError} `missing` when nobody stored it within `timeoutMs`, `too-large` above `maxBytes`, `unavailable`
   */
  get(
    id: ObjectId,
    options: AbortOptions & { readonly timeoutMs: number; readonly maxBytes: number },
  ): Promise<Uint8Array>;
  /** Stores an object; resolves once the storage has said so. The bytes must not change until then. @throws {AdapterError} `unavailable` */
  set(id: ObjectId, body: Uint8Array, options?: AbortOptions): Promise<void>;
}

/** What this machine and process use, for heartbeats. */
export interface ResourcesPort {
  sample(): ResourceSample;
}

/** One reading of {@link ResourcesPort}. */
export interface ResourceSample extends ProcessUse {
  /** Memory that may still be used, in bytes. */
  readonly memoryFreeBytes: number;
  /** Memory that this process may use: the limit of its control group, else of the machine. */
  readonly memoryLimitBytes: number;
  readonly hostname: string;
}
