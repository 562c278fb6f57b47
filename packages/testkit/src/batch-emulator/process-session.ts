import { readdirSync, readFileSync } from "node:fs";

/** Kills every process of a session: a container's processes may be in groups of their own, but not in other sessions. */
export function killSession(session: number): void {
  for (const pid of membersOf(session)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone already.
    }
  }
}

function membersOf(session: number): readonly number[] {
  try {
    const members = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && sessionOf(name) === session)
      .map(Number);
    return [...new Set([session, ...members])];
  } catch {
    // Without /proc the group has to do.
    return [-session, session];
  }
}

function sessionOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field, the name, may itself have spaces and brackets.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
  } catch {
    return undefined;
  }
}
