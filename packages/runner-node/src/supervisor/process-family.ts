import { readdirSync } from "node:fs";
import { statField } from "../store/process-stat.ts";

const PARENT = 1;
const GROUP = 2;

/**
 * Ends every process that tasks started and that descends from this one: a thread that waits for a program in `execSync` cannot be ended
 * otherwise. The supervisor starts none itself. Where there is no `/proc`, none is found.
 */
export function killChildren(): void {
  const children = Map.groupBy(processes(), (pid) => Number(statField(pid, PARENT)));
  const family = [...(children.get(process.pid) ?? [])];
  for (const pid of family) family.push(...(children.get(pid) ?? []));
  for (const pid of family) kill(pid);
}

/** Ends this process at once with all that tasks started, whatever its threads do: with its process group, where it leads one. */
export function killEverything(): void {
  killChildren();
  if (Number(statField(process.pid, GROUP)) === process.pid) kill(-process.pid);
  kill(process.pid);
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

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended just now, or is somebody else's.
  }
}
