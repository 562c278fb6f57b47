import { type AdapterErrorCode, isAdapterError } from "@scaler-aws-hpc/adapter-core";

/** What `--json` prints of a failure. */
export interface ErrorDocument {
  readonly schemaVersion: 1;
  readonly error: { readonly code: string; readonly message: string; readonly exitCode: number };
}

/** The program's exit codes for errors of plugins; those that are not here are 1. */
const CODES: Readonly<Partial<Record<AdapterErrorCode, number>>> = {
  unavailable: 69,
  throttled: 69,
  internal: 70,
  denied: 77,
  config: 78,
  conflict: 78,
  incompatible: 78,
};

/** The program's words for exit codes that commands set themselves. */
const WORDS: Readonly<Record<number, string>> = { 1: "failure", 2: "usage", 130: "interrupted", 143: "terminated" };

/** The document of an error: the same code and exit code as without `--json`. */
export function errorDocument(reason: unknown): ErrorDocument {
  // The code stands beside it.
  const message = (reason instanceof Error ? reason.message : String(reason)).replace(/^\[[a-z-]+\] /, "");
  if (isAdapterError(reason)) {
    const exitCode = CODES[reason.code] ?? 1;
    return { schemaVersion: 1, error: { code: reason.code, message, exitCode } };
  }
  const exitCode = oclifExit(reason) ?? 1;
  return { schemaVersion: 1, error: { code: WORDS[exitCode] ?? "failure", message, exitCode } };
}

/** Where oclif marks its errors. */
export function oclifExit(reason: unknown): number | undefined {
  const { oclif } = (typeof reason === "object" && reason !== null ? reason : {}) as { readonly oclif?: unknown };
  const { exit } = (typeof oclif === "object" && oclif !== null ? oclif : {}) as { readonly exit?: unknown };
  return typeof exit === "number" ? exit : undefined;
}
