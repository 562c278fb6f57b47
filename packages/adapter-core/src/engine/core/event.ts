import type { ChildChange, JobName } from "../../contracts/backend.ts";
import type { DeathCause } from "../../formats/frame.ts";
import type { ObjectId, SourceId, TaskId, WorkerId } from "./ids.ts";

/** A task as the scheduler sent it; ids are lower-case hex. */
export interface TaskMessage {
  readonly taskId: TaskId;
  /** The client that owns it. */
  readonly source: SourceId;
  readonly functionId: ObjectId;
  readonly argumentIds: readonly ObjectId[];
  /** Larger is more urgent. */
  readonly priority: number;
  /** The client wants what the task prints. */
  readonly streamOutput: boolean;
}

/** A worker id that an earlier process of this manager left at the scheduler. */
export interface RecoveredWorker {
  readonly worker: WorkerId;
  readonly profile: string;
  /**
   * How long the scheduler has not heard from it, in milliseconds: since the heartbeat that was echoed last. What is too small here makes results pass for
   * accepted that the scheduler refuses, since it has given the worker up; what is too large only makes the worker say goodbye.
   */
  readonly silentMs: number;
}

/**
 * A job of an earlier process that may still run, or left frames. Its frames and its children's states follow as `frame` and `child`. Every child takes a slot
 * until its end is reported, also one that ended long ago. A child that ended without a frame has tasks that were acknowledged, or lost: the scheduler knows
 * which, and assigns the lost ones again once their worker has left.
 */
export interface RecoveredJob {
  readonly name: JobName;
  readonly profile: string;
  readonly runner: string;
  readonly fresh: boolean;
  /** In order of child: its tasks in order of its section, each with the worker that held it when the bundle was made. */
  readonly children: readonly (readonly { readonly task: TaskMessage; readonly holder: WorkerId }[])[];
}

/** What a frame says of one task; `task` is its index in the child's section. */
export interface TaskOutcome {
  readonly task: number;
  readonly status: "ok" | "error" | "died";
  /** Wall time of the task, in seconds. */
  readonly seconds: number;
  /** Only with `died`. */
  readonly cause?: DeathCause;
}

/**
 * What happened outside the core. Every event of a link names the session (a counter that grows with each `open` of a worker id), so that what an
 * older connection still delivers is told apart.
 */
export type EngineEvent =
  /**
   * What an earlier process left; the first event, if there is anything. `jobs`: oldest first, so that of two that name a task the newer counts, and only
   * those that were submitted. `scheduler`: the identity that the earlier process met last, where it is known: with another one its tasks are gone.
   */
  | {
      readonly type: "recovered";
      readonly workers: readonly RecoveredWorker[];
      readonly jobs: readonly RecoveredJob[];
      readonly scheduler?: string | undefined;
    }
  /** A timer asked for by `nextWake` came due. */
  | { readonly type: "tick" }
  /** Connected; `scheduler` identifies the scheduler process where the transport tells (another value: it was restarted). */
  | {
      readonly type: "link-up";
      readonly worker: WorkerId;
      readonly session: number;
      readonly scheduler: string | undefined;
    }
  /** The connection ended without our asking. The shell opens it again when told to by an `open` effect. */
  | { readonly type: "link-down"; readonly worker: WorkerId; readonly session: number; readonly reason: string }
  /** The answer to the one outstanding heartbeat. */
  | { readonly type: "echo"; readonly worker: WorkerId; readonly session: number }
  | { readonly type: "task"; readonly worker: WorkerId; readonly session: number; readonly task: TaskMessage }
  | {
      readonly type: "cancel";
      readonly worker: WorkerId;
      readonly session: number;
      readonly taskId: TaskId;
      readonly force: boolean;
    }
  /** A client shut the cluster's workers down. */
  | { readonly type: "shutdown"; readonly worker: WorkerId; readonly session: number }
  /** What kind of client and function these are: answers `inspect`. */
  | {
      readonly type: "inspected";
      readonly source: SourceId;
      readonly functionId: ObjectId;
      /** `runner`: name of the runner record; `digest`: of the function's bytes. */
      readonly outcome:
        | { readonly ok: true; readonly runner: string; readonly digest: string }
        | { readonly ok: false; readonly message: string };
    }
  /**
   * Answers `stage`. `absent` tasks still wait for an object (each is answered later by `fetched`); `deferred` ones did not fit by bytes.
   * The bundle holds the others in the order of the stage effect; when none is left, no bundle exists and the job is not to be submitted.
   */
  | {
      readonly type: "staged";
      readonly job: JobName;
      readonly outcome:
        | { readonly ok: true; readonly absent: readonly TaskId[]; readonly deferred: readonly TaskId[] }
        | { readonly ok: false; readonly retry: boolean; readonly message: string };
    }
  /** An `absent` task's objects came, or did not come in time (`missing` says which in words). */
  | { readonly type: "fetched"; readonly taskId: TaskId; readonly job: JobName; readonly missing: string | undefined }
  /** Answers `submit`. `retry`: the same job may be taken later (the service, a permission); else its tasks fail. */
  | {
      readonly type: "submitted";
      readonly job: JobName;
      readonly outcome:
        | { readonly ok: true }
        | { readonly ok: false; readonly retry: boolean; readonly message: string };
    }
  /** A child's state changed. All frames of a child were reported before its end is. */
  | { readonly type: "child"; readonly change: ChildChange }
  /** A verified result frame. */
  | {
      readonly type: "frame";
      readonly job: JobName;
      readonly child: number;
      readonly attempt: number;
      readonly key: string;
      readonly results: readonly TaskOutcome[];
      /** Tasks that the pack handed back unstarted. */
      readonly notStarted: readonly number[];
    }
  /** Answers `deliver`: the result was stored and sent on that session, or cannot be (`message`). */
  | { readonly type: "delivered"; readonly delivery: number; readonly failure: string | undefined }
  /** The scheduler wishes for this many workers of a profile; ignored unless scaling follows it. */
  | { readonly type: "scale"; readonly profile: string; readonly workers: number }
  /** Finish what has started, start nothing new, leave, exit. */
  | { readonly type: "drain" }
  /** Leave now; what still runs is stopped. */
  | { readonly type: "stop" }
  /** Go now and leave everything as it is: workers unreleased, jobs running. The next process takes them over. */
  | { readonly type: "hand-off" };
