/** What the scheduler has to know of a task; a client sends it, a worker gets the very same object. */
export interface SchedulerTask {
  readonly taskId: string;
  /** The client that owns it. */
  readonly source: string;
}

/** Answers of a worker to a cancel. */
export type CancelAnswer = "canceled" | "cancelFailed" | "cancelNotFound";

/** Kinds of a task's result. */
export type ResultKind = "success" | "failed" | "failedWorkerDied";

/** From the scheduler to a worker. */
export type ToWorker<T extends SchedulerTask> =
  | { readonly type: "task"; readonly task: T }
  | { readonly type: "cancel"; readonly taskId: string; readonly force: boolean }
  | { readonly type: "echo" }
  | { readonly type: "shutdown" };

/** From the scheduler to a client. */
export type ToClient =
  | { readonly type: "result"; readonly taskId: string; readonly kind: ResultKind; readonly value: string }
  | { readonly type: "confirm"; readonly taskId: string; readonly answer: CancelAnswer }
  | { readonly type: "log"; readonly taskId: string };

/** Where the scheduler sends: a link that is gone loses the message, as the real binder does. */
export interface SchedulerPeers<T extends SchedulerTask> {
  toWorker(worker: string, message: ToWorker<T>): void;
  toClient(client: string, message: ToClient): void;
}
