import { readdirSync } from "node:fs";
import { statField } from "../store/process-stat.ts";

const PARENT = 1;
const GROUP = 2;

/** Ends a process with every process that descends from it. Where there is no `/proc`, it alone is found. */
export function killFamily(root: number): void {
  // Stopped first, so that it starts nothing while it is looked for.
  signal(root, "SIGSTOP");
  const children = Map.groupBy(processes(), (pid) => Number(statField(pid, PARENT)));
  const family = [root];
  for (const pid of family) family.push(...(children.get(pid) ?? []));
  for (const pid of family) signal(pid, "SIGKILL");
}

/** Ends this process at once, with its process group where it leads one. */
export function killMyself(): void {
  if (Number(statField(process.pid, GROUP)) === process.pid) signal(-process.pid, "SIGKILL");
  signal(process.pid, "SIGKILL");
}

function processes(): readonly number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended just now, or is somebody else's.
  }
}
