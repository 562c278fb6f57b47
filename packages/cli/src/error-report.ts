import { type AdapterErrorCode, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { isProtocolError, type ProtocolErrorCode } from "@scaler-aws-hpc/scaler-protocol";
import { isCliError } from "./cli-error.ts";
import { EXIT_CODES, type ExitReason, exitCode } from "./exit-codes.ts";

/** An error as the user sees it, on stderr or as JSON. */
export interface ErrorReport {
  /** A word from the closed sets of this program's error classes; `failure` for others. */
  readonly code: string;
  /** Without the code in front. */
  readonly message: string;
  readonly exitCode: number;
  /** What to try next, from oclif's own errors. */
  readonly suggestions?: readonly string[];
}

const ADAPTER: Readonly<Record<AdapterErrorCode, ExitReason>> = {
  unavailable: "unavailable",
  throttled: "unavailable",
  denied: "denied",
  config: "config",
  conflict: "config",
  incompatible: "config",
  rejected: "failure",
  "too-large": "failure",
  corrupt: "failure",
  missing: "failure",
  internal: "internal",
};

const PROTOCOL: Readonly<Partial<Record<ProtocolErrorCode, ExitReason>>> = {
  address: "config",
  tls: "config",
  version: "config",
  unreachable: "unavailable",
  closed: "unavailable",
  timeout: "unavailable",
};

/** Turns whatever was thrown into what the user is told; the exit code comes from the one table. */
export function reportError(reason: unknown): ErrorReport {
  const said = reason instanceof Error ? reason.message : String(reason);
  const message = isOurs(reason) ? said.replaceAll(/^\[[a-z-]+\] /gm, "") : oneLine(said);
  if (isCliError(reason)) return { code: reason.code, message, exitCode: exitCode(reason.code) };
  if (isAdapterError(reason))
    return { code: reason.code, message, exitCode: exitCode(ADAPTER[reason.code] ?? "failure") };
  if (isProtocolError(reason))
    return { code: reason.code, message, exitCode: exitCode(PROTOCOL[reason.code] ?? "failure") };
  const code = oclifExit(reason);
  if (code === undefined) return { code: "failure", message, exitCode: exitCode("failure") };
  const known = Object.entries(EXIT_CODES).find(([, row]) => row.code === code)?.[0] ?? "failure";
  const suggestions = suggestionsOf(reason);
  return { code: known, message, exitCode: code, ...(suggestions.length > 0 && { suggestions }) };
}

/** What oclif puts behind each error of its parser. */
const SEE_HELP = /\n?See more help with --help\s*$/;

/** An error of oclif's parser on one line. */
function oneLine(message: string): string {
  if (!SEE_HELP.test(message)) return message;
  const text = message.replace(SEE_HELP, "").replace(/^The following errors? occurred:/, "");
  return `${text.replaceAll(/\s+/g, " ").trim()}; see --help`;
}

const isOurs = (reason: unknown): boolean => isCliError(reason) || isAdapterError(reason) || isProtocolError(reason);

/** Whether oclif found no command of that name. */
export const isUnknownCommand = (reason: unknown): boolean =>
  oclifExit(reason) !== undefined && reason instanceof Error && /^command .+ not found$/s.test(reason.message);

/** The exit code for an oclif error; `undefined` for any other. */
function oclifExit(reason: unknown): number | undefined {
  if (typeof reason !== "object" || reason === null || !("oclif" in reason)) return undefined;
  const { oclif } = reason;
  if (typeof oclif !== "object" || oclif === null || !("exit" in oclif)) return undefined;
  return typeof oclif.exit === "number" ? oclif.exit : undefined;
}

function suggestionsOf(reason: unknown): readonly string[] {
  if (typeof reason !== "object" || reason === null || !("suggestions" in reason)) return [];
  return Array.isArray(reason.suggestions) ? reason.suggestions.map(String) : [];
}
