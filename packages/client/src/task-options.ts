import { ClientError } from "./client-error.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { OutputListener } from "./session/task-run.ts";

/** What can be said of a task beside its arguments. */
export interface TaskOptions {
  /** Cancels the task; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Larger is more urgent: 0 to 2^31 - 1. @default 0 */
  readonly priority?: number;
  /**
   * What the worker must offer, by name; values say how much and -1 just "has it". Schedulers heed them under
   * `allocate=capability`. `node` is among them unless the client was told otherwise. @default none
   */
  readonly capabilities?: Readonly<Record<string, number>>;
  /** Ask for what the task used: see `TaskHandle.profile`. @default false */
  readonly profile?: boolean;
  /** Receives what the task prints. @default it is not sent */
  readonly onOutput?: OutputListener | undefined;
}

/** An argument of type `Value`, or a reference to one that was put. */
export type Argument<Value> = Value | ObjectRef<Value>;

/** The arguments of a task, each as itself or by reference. */
export type ArgumentsOf<Args extends readonly unknown[]> = { [Index in keyof Args]: Argument<Args[Index]> };

/** Options with nothing left open. */
export interface CheckedOptions {
  readonly signal: AbortSignal | undefined;
  readonly priority: number;
  readonly capabilities: Readonly<Record<string, number>>;
  readonly profile: boolean;
  readonly onOutput: OutputListener | undefined;
}

const MAX_PRIORITY = 2 ** 31 - 1;

/** Capability that every task of a Node client asks for, and that managers with a Node runner advertise. */
export const NODE_CAPABILITY = "node";

/** Fills in the defaults. @param base capabilities that every task asks for. @throws {ClientError} `config` */
export function checkedOptions(options: TaskOptions, base: Readonly<Record<string, number>>): CheckedOptions {
  const { signal, priority = 0, capabilities = {}, profile = false, onOutput } = options;
  if (!Number.isInteger(priority) || priority < 0 || priority > MAX_PRIORITY) {
    throw new ClientError("config", `priority: expected a whole number from 0 to ${MAX_PRIORITY}, got ${priority}`);
  }
  for (const [name, value] of Object.entries(capabilities)) {
    if (name === "" || !Number.isSafeInteger(value)) {
      throw new ClientError(
        "config",
        `capability ${JSON.stringify(name)}: expected a name and a whole number, got ${value}`,
      );
    }
  }
  return { signal, priority, capabilities: { ...capabilities, ...base }, profile, onOutput };
}
