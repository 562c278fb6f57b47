import { readdirSync, readFileSync } from "node:fs";
import { statField } from "../store/process-stat.ts";

const PARENT = 1;
const GROUP = 2;

/** Ends a process with every process that descends from it. Where there is no `/proc`, it alone is found. */
export function killFamily(root: number): void {
  // Stopped first, so that it starts nothing while it is looked for.
  signal(root, "SIGSTOP");
  const family = [root];
  for (const pid of family) family.push(...childrenOf(pid));
  for (const pid of family) signal(pid, "SIGKILL");
}

/** Ends this process at once, with its process group where it leads one. */
export function killMyself(): void {
  if (Number(statField(process.pid, GROUP)) === process.pid) signal(-process.pid, "SIGKILL");
  signal(process.pid, "SIGKILL");
}

/** What the kernel lists for each thread, else all processes that name this one as their parent. */
function childrenOf(pid: number): readonly number[] {
  const threads = numbersIn(`/proc/${pid}/task`);
  try {
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1"));
    return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
  } catch {
    return numbersIn("/proc").filter((one) => Number(statField(one, PARENT)) === pid);
  }
}

function numbersIn(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
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
