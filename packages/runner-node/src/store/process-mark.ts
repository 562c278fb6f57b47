import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { statField } from "./process-stat.ts";

/**
 * What the name of a temporary file begins with: whose it is, so that those of dead processes can be swept. The form is payload-fs's:
 * `<host>.<pid>.<start>.`, host being 8 hex digits of the host name's SHA-256.
 */
export function processMark(): string {
  const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
  return `${host}.${process.pid}.${processStart(process.pid)}.`;
}

/** When a process began, in the kernel's own count; `0` where it does not say. Tells it from a later one with its number. */
function processStart(pid: number): string {
  return statField(pid, 19) ?? "0";
}
