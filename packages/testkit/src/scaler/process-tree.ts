import { readdir, readFile } from "node:fs/promises";

/** One live process, from `/proc/<pid>/stat`. Linux only. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Steps below the root of the tree; the root itself has 0. */
  readonly depth: number;
  /** CPU seconds, user and system, of the process and of its children that ended and were waited for. */
  readonly cpuSeconds: number;
  /** Resident memory in bytes. */
  readonly rssBytes: number;
}

// USER_HZ and the page size are 100 and 4096 on every Linux that Node has binaries for.
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

interface Stat extends Omit<ProcessEntry, "depth"> {
  readonly state: string;
}

/** The process and all that descend from it, zombies left out; empty when it is gone. */
export async function processTree(root: number): Promise<ProcessEntry[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = (await Promise.all(names.map((name) => readStat(Number(name))))).filter((stat) => stat !== undefined);
  const children = Map.groupBy(stats, (stat) => stat.parent);
  const found: ProcessEntry[] = [];
  let level = stats.filter((stat) => stat.pid === root);
  for (let depth = 0; level.length > 0; depth++) {
    for (const { state, ...entry } of level) if (state !== "Z") found.push({ ...entry, depth });
    level = level.flatMap((stat) => children.get(stat.pid) ?? []);
  }
  return found;
}

/** CPU seconds of the process and of all that descend from it, the ended ones that were waited for included. */
export async function cpuSecondsOf(root: number): Promise<number> {
  return (await processTree(root)).reduce((sum, entry) => sum + entry.cpuSeconds, 0);
}

async function readStat(pid: number): Promise<Stat | undefined> {
  // Processes come and go while this reads.
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // The name in parentheses may hold anything, parentheses too; the numbers start after the last one. proc(5) counts from 1.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  const ticks = field(14) + field(15) + field(16) + field(17);
  return {
    pid,
    parent: field(4),
    state: fields[0] ?? "",
    cpuSeconds: ticks / TICKS_PER_SECOND,
    rssBytes: field(24) * PAGE_BYTES,
  };
}
