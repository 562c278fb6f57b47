import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Names made by one process, so that another one can tell whether their maker still lives:
 * `<host>.<pid>.<start>.<random>`, where host is 8 hex digits of the host name's SHA-256 and start is field 22 of `/proc/<pid>/stat`
 * (0 where there is none), which tells a process from a later one with its number.
 */
const MARK = /^([0-9a-f]{8})\.([1-9][0-9]{0,9})\.([0-9]{1,20})\.[0-9a-f]{24}$/;

const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
const mine = `${host}.${process.pid}.${startOf(process.pid) ?? 0}`;

/** A new name of this process. */
export function newMark(): string {
  return `${mine}.${randomBytes(12).toString("hex")}`;
}

/** Whether a name's maker lives. `unknown`: not a name of this form, or of a process on another host. */
export function makerOf(name: string): "alive" | "dead" | "unknown" {
  const match = MARK.exec(name);
  if (!match || match[1] !== host) return "unknown";
  const pid = Number(match[2]);
  try {
    process.kill(pid, 0);
  } catch (reason) {
    // EPERM: it lives, but belongs to somebody else.
    if (!(reason instanceof Error && "code" in reason && reason.code === "EPERM")) return "dead";
  }
  const start = startOf(pid);
  return match[3] === "0" || start === undefined || start === match[3] ? "alive" : "dead";
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in brackets and may hold blanks and brackets itself.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
