import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * What the name of a temporary file begins with: whose it is, so that those of dead processes can be swept. The form is payload-fs's:
 * `<host>.<pid>.<start>.`, host being 8 hex digits of the host name's SHA-256.
 */
export function processMark(): string {
  const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
  return `${host}.${process.pid}.${processStart(process.pid)}.`;
}

/** When a process began, in the kernel's own count; `0` where it does not say. Tells it from a later one with its number. */
export function processStart(pid: number): string {
  return statField(pid, 19) ?? "0";
}

/** A field of `/proc/<pid>/stat` behind the program's name, which may hold blanks and brackets itself: 0 is the state, 1 the parent, 2 the process group. */
export function statField(pid: number, field: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[field];
  } catch {
    return undefined;
  }
}
