/**
 * Why the harness gave up: `missing` a file or environment that `npm test` sets up, `not-ready` a server did not greet in time,
 * `exited` a process ended that should run, `timeout` something took longer than its limit.
 */
export type HarnessErrorCode = "missing" | "not-ready" | "exited" | "timeout";

const brand = Symbol.for("@scaler-aws-hpc/testkit/HarnessError");

/** A failure of the test bed itself, never of what is tested; its text ends with the last log lines of the process concerned. */
export class HarnessError extends Error {
  readonly [brand] = true;
  override readonly name = "HarnessError";
  readonly code: HarnessErrorCode;

  constructor(code: HarnessErrorCode, detail: string, options?: ErrorOptions) {
    super(`[${code}] ${detail}`, options);
    this.code = code;
  }
}

/** Recognises a HarnessError of any copy of this package. */
export function isHarnessError(value: unknown): value is HarnessError {
  return typeof value === "object" && value !== null && brand in value;
}
