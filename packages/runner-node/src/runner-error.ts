/**
 * Why a runner cannot do its work, as a closed set.
 *
 * | code | meaning |
 * |---|---|
 * | `corrupt` | bytes are not what the manager wrote: nothing of them is used |
 * | `store` | the payload store refuses or fails, or there are no credentials |
 * | `usage` | what the process was started with is no job that it can run |
 * | `environment` | a variable that a batch service sets is missing |
 * | `stopped` | it was told to end before that was done |
 */
export type RunnerErrorCode = "corrupt" | "store" | "usage" | "environment" | "stopped";

const brand = Symbol.for("@scaler-aws-hpc/runner-node/RunnerError");

/** The one error class of this package. Its message is for people and goes as it is into the reason of a failure. */
export class RunnerError extends Error {
  override readonly name = "RunnerError";
  readonly code: RunnerErrorCode;
  readonly [brand] = true;

  constructor(code: RunnerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Recognises a {@link RunnerError} by its brand. */
export function isRunnerError(value: unknown): value is RunnerError {
  return typeof value === "object" && value !== null && brand in value;
}
