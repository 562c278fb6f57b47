import { readFileSync } from "node:fs";

/** A field of `/proc/<pid>/stat` behind the program's name, which may hold blanks and brackets itself: 0 is the state, 1 the parent, 2 the process group. */
export function statField(pid: number, field: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[field];
  } catch {
    return undefined;
  }
}
