import { type AdapterErrorCode, type Finding, fault, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { isProtocolError } from "@scaler-aws-hpc/scaler-protocol";
import { isCliError } from "../cli-error.ts";
import { toAdapterError } from "../scaler/to-adapter-error.ts";

const FIX: Readonly<Partial<Record<AdapterErrorCode, string>>> = {
  denied: "allow it to the credentials that are used",
  unavailable: "look at the network between here and there, and at proxies and firewalls",
  throttled: "try again later",
  internal: "report it as a bug",
};

/**
 * What a check that failed found, one finding a line of the error. Errors of this project read `what is wrong; what to do`: the first semicolon parts the two.
 */
export function findingsOf(reason: unknown): readonly Finding[] {
  const text = reason instanceof Error ? reason.message : String(reason);
  const code = codeOf(reason);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  // Only an error of ours says several things; the rest of a foreign one is detail.
  const said = code === "internal" ? [`${reason instanceof Error ? reason.name : "error"}: ${lines[0] ?? ""}`] : lines;
  return said.map((line) => {
    const bare = line.replace(/^\[[a-z-]+\] /, "");
    const at = bare.indexOf("; ");
    const what = at < 0 ? bare : bare.slice(0, at);
    return fault(what, at < 0 ? (FIX[code] ?? "correct the setting") : bare.slice(at + 2), code);
  });
}

function codeOf(reason: unknown): AdapterErrorCode {
  if (isAdapterError(reason)) return reason.code;
  if (isCliError(reason)) return reason.code === "unavailable" || reason.code === "denied" ? reason.code : "config";
  if (!isProtocolError(reason)) return "internal";
  const known = toAdapterError(reason, "");
  return isAdapterError(known) ? known.code : "internal";
}
