import type { ChildRef, JobName } from "../../contracts/backend.ts";
import type { TaskMessage } from "./event.ts";
import type { ObjectId, SourceId, TaskId, WorkerId } from "./ids.ts";

/** What a slot does, for the monitors that read heartbeats. */
export interface SlotView {
  readonly job: JobName;
  readonly child: number;
}

/** One pack: tasks of one client, run one after another by one child. */
export interface PackPlan {
  readonly source: SourceId;
  readonly tasks: readonly TaskMessage[];
  /** Who holds each of them now, in the same order: written into the bundle, for whoever takes the job over. */
  readonly holders: readonly WorkerId[];
}

/** What a job is made of, before its objects are fetched. */
export interface JobPlan {
  readonly name: JobName;
  readonly profile: string;
  readonly runner: string;
  readonly packs: readonly PackPlan[];
  readonly taskLimitMs: number;
  /** A pack starts no further task after this time, in milliseconds, and hands the rest back. */
  readonly packBudgetMs: number;
  /** See `JobSpec.attempts`. */
  readonly attempts: number;
  /** The child must run in a process of its own that has run nothing before. */
  readonly fresh: boolean;
}

/** Where a delivered result comes from. */
export type DeliverySource =
  | { readonly kind: "frame"; readonly key: string; readonly job: JobName; readonly task: number }
  /** A failure of ours: an exception of that class with this text. */
  | {
      readonly kind: "failure";
      readonly exception: "WorkerDiedError" | "TimeoutError" | "MemoryError" | "RuntimeError";
      readonly message: string;
    };

/** What the shell has to do. Effects of one `apply` are performed in order; those that answer later say by which event. */
export type EngineEffect =
  /** Connect under this id, with back-off until it works (answers `link-up`) or `close` comes. Ids are written down before their first heartbeat. */
  | { readonly type: "open"; readonly worker: WorkerId; readonly session: number; readonly profile: string }
  /** End the connection. With `leave`, the leave message goes out first, after everything sent before it. */
  | { readonly type: "close"; readonly worker: WorkerId; readonly session: number; readonly leave: boolean }
  /** Send a heartbeat now; the shell adds resource figures. */
  | {
      readonly type: "heartbeat";
      readonly worker: WorkerId;
      readonly session: number;
      readonly queueSize: number;
      readonly queued: number;
      readonly latencyMs: number;
      /** True when every slot is taken. */
      readonly full: boolean;
      readonly profile: string;
    }
  | {
      readonly type: "confirm";
      readonly worker: WorkerId;
      readonly session: number;
      readonly taskId: TaskId;
      readonly answer: "canceled" | "cancelFailed" | "cancelNotFound";
    }
  /** Find out which runner a client needs and the digest of a function; answers `inspected`. */
  | { readonly type: "inspect"; readonly source: SourceId; readonly functionId: ObjectId }
  /** Fetch the objects and store the bundle; answers `staged`. */
  | { readonly type: "stage"; readonly plan: JobPlan }
  /** Submit a staged job with the tasks its bundle holds; answers `submitted`. */
  | { readonly type: "submit"; readonly job: JobName }
  /** Stop children; each still reports its end by `child`. */
  | { readonly type: "cancel-children"; readonly children: readonly ChildRef[]; readonly reason: string }
  /** Stop single tasks of a live child, by index in its section. */
  | { readonly type: "revoke"; readonly child: ChildRef; readonly tasks: readonly number[] }
  /** Store a result and send it on this session; answers `delivered` unless `abandon` comes first. `logs`: also send what the task printed, before it. */
  | {
      readonly type: "deliver";
      readonly delivery: number;
      readonly worker: WorkerId;
      readonly session: number;
      readonly taskId: TaskId;
      readonly source: SourceId;
      readonly from: DeliverySource;
      readonly logs: boolean;
    }
  /** Forget a delivery: nothing of it may be sent from now on. */
  | { readonly type: "abandon"; readonly delivery: number }
  /** Delete frames that nobody needs any more. */
  | { readonly type: "delete-frames"; readonly keys: readonly string[] }
  /**
   * A job is over: delete its bundle and let go of its objects. With a backend that outlives the manager this waits for the job's last frame to be deleted,
   * because frames can be read only by who knows the job; elsewhere its frames may still be wanted.
   */
  | { readonly type: "release-job"; readonly job: JobName }
  /** A client's tasks are all gone: cached objects of it may be dropped. */
  | { readonly type: "forget-client"; readonly source: SourceId }
  /** Everything is answered and every worker has left: end the process. */
  | { readonly type: "finished"; readonly reason: "drained" | "stopped" | "shutdown" | "handed-off" }
  /** One line for the log. */
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn";
      readonly message: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    };
