/** A function, argument or serializer as it was stored. */
export interface PackObject {
  readonly bytes: Uint8Array;
  /** Size before compression. */
  readonly raw: number;
  readonly gzip: boolean;
}

/** A task of a pack, by index of its objects. */
export interface PackTask {
  readonly fn: number;
  readonly args: readonly number[];
  /** Its output goes into the result. */
  readonly stream: boolean;
}

/** What the supervising thread tells the one that runs tasks. */
export interface RunPack {
  /** Counts the packs of a thread: what an earlier one still says is not meant any more. */
  readonly pack: number;
  readonly objects: readonly PackObject[];
  readonly serializer: number;
  readonly tasks: readonly PackTask[];
  /** Indexes of the tasks to run, in order. */
  readonly todo: readonly number[];
  /** No task begins later than this after the first one of the pack, in milliseconds. */
  readonly budgetMs: number | undefined;
  /** When the first task of the pack began, in an earlier thread; in monotonic milliseconds. */
  readonly firstStartMs: number | undefined;
  /** One byte a task: 1 where it is not wanted any more. */
  readonly skip: SharedArrayBuffer;
}

/** A task that returned or threw. */
export interface TaskDone {
  readonly type: "done";
  readonly pack: number;
  readonly task: number;
  readonly ok: boolean;
  readonly blob: Uint8Array;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Monotonic milliseconds. */
  readonly startMs: number;
  readonly out: Uint8Array | undefined;
  readonly err: Uint8Array | undefined;
}

/** What the thread that runs tasks says. */
export type ExecutorMessage =
  | TaskDone
  /** The pack's time is over: what has not begun is handed back. */
  | { readonly type: "spent"; readonly pack: number };
