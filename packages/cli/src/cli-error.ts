import { type ExitReason, exitCode } from "./exit-codes.ts";

/** What went wrong, as a closed set: the exit reasons that are errors. The exit code is a fact of the code, see `exit-codes.ts`. */
export type CliErrorCode = Exclude<ExitReason, "ok" | "changes" | "interrupted" | "terminated">;

const brand = Symbol.for("scaler-aws-hpc/CliError");

/** The one error class of this package. `message` is `[code] text`: who, what was expected, what came, what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;
  /** Where oclif looks for the exit code. */
  readonly oclif: { readonly exit: number };
  readonly [brand] = true;

  constructor(code: CliErrorCode, detail: string, options?: ErrorOptions) {
    super(`[${code}] ${detail}`, options);
    this.code = code;
    this.oclif = { exit: exitCode(code) };
  }
}

/** Recognises a {@link CliError} by brand. */
export const isCliError = (value: unknown): value is CliError =>
  typeof value === "object" && value !== null && brand in value;
