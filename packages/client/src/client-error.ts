/**
 * What went wrong, as a closed set.
 *
 * | code | meaning |
 * |---|---|
 * | `config` | an option or an address is wrong; the message names it |
 * | `task` | a task cannot be sent as it is: not exported, not found, its module is still being evaluated |
 * | `bundle` | a task's module cannot be made one file; the message names what stands in the way |
 * | `uncloneable` | an argument or a result cannot be cloned; the message names the path to the value |
 * | `too-large` | a module or an argument is above a limit; the message names the limit |
 * | `unavailable` | the scheduler or its object storage cannot be reached |
 * | `disconnected` | the scheduler was lost; what became of the open tasks is not known |
 * | `closed` | the client was closed |
 * | `canceled` | the task was cancelled |
 * | `storage` | the object storage refused, or lost, an object |
 * | `timeout` | the task ran longer than its manager allows |
 * | `memory` | the task ran out of memory |
 * | `worker-died` | what ran the task ended before it answered |
 * | `runtime` | the manager could not run the task; the message says why |
 * | `no-runner` | the task reached a Python worker, which cannot run JavaScript |
 * | `foreign` | the task's failure is a Python object, which is never unpickled here |
 * | `corrupt` | bytes are not what was written |
 * | `incompatible` | two versions of Node or of a format do not fit |
 */
export type ClientErrorCode =
  | "config"
  | "task"
  | "bundle"
  | "uncloneable"
  | "too-large"
  | "unavailable"
  | "disconnected"
  | "closed"
  | "canceled"
  | "storage"
  | "timeout"
  | "memory"
  | "worker-died"
  | "runtime"
  | "no-runner"
  | "foreign"
  | "corrupt"
  | "incompatible";

const brand = Symbol.for("@scaler-aws-hpc/client/ClientError");

/**
 * The one error class of this package. `message` reads `[code] text`. What a task itself throws is not of this class: it
 * comes back as it was thrown.
 */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;
  readonly [brand] = true;

  constructor(code: ClientErrorCode, detail: string, options?: ErrorOptions) {
    super(`[${code}] ${detail}`, options);
    this.code = code;
  }
}

/** Recognises a {@link ClientError} by brand, whichever copy of this package made it. */
export function isClientError(value: unknown): value is ClientError {
  return typeof value === "object" && value !== null && brand in value;
}
