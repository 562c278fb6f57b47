/** Which task threw an error. */
export interface TaskFailure {
  /** 16 bytes, lower-case hex. */
  readonly taskId: string;
  /** Name of the task. */
  readonly task: string;
}

const KEY = Symbol.for("@scaler-aws-hpc/client/TaskFailure");

/** Notes on an error which task threw it; what is no object is left as it is. */
export function taskFailed(reason: unknown, failure: TaskFailure): unknown {
  if (typeof reason !== "object" || reason === null || !Object.isExtensible(reason)) return reason;
  return Object.defineProperty(reason, KEY, { value: failure, configurable: true });
}

/**
 * Tells which task threw an error; `undefined` for what no task threw. A task's error arrives as it was thrown, with its own name, message,
 * stack, cause and fields, so this is what tells it from the errors of the program around it.
 */
export function taskFailure(error: unknown): TaskFailure | undefined {
  if (typeof error !== "object" || error === null || !Object.hasOwn(error, KEY)) return undefined;
  return Reflect.get(error, KEY);
}
