import { readFile } from "node:fs/promises";

/** How often each task ran, by side, from the file that the tasks of `fault_client.py` write to. */
export interface RunRecord {
  /** Different tasks that ran at all. */
  readonly tasks: number;
  /** Runs by our runners. */
  readonly ours: number;
  /** Runs by native workers. */
  readonly native: number;
  /** Tasks that our runners ran more than once. */
  readonly repeatedByUs: readonly number[];
  /** Tasks that ran more than once, wherever. */
  readonly repeated: readonly number[];
  /** Processes of ours that ran any. */
  readonly pids: readonly number[];
}

/** Reads the record; one that does not exist yet is empty. */
export async function readRecord(file: string): Promise<RunRecord> {
  const text = await readFile(file, "utf8").catch(() => "");
  const ours = new Map<number, number>();
  const all = new Map<number, number>();
  const pids = new Set<number>();
  for (const line of text.split("\n")) {
    const [id, side, pid] = line.split(" ");
    if (pid === undefined) continue;
    if (side === "ours") {
      count(ours, Number(id));
      pids.add(Number(pid));
    }
    count(all, Number(id));
  }
  return {
    tasks: all.size,
    ours: sum(ours),
    native: sum(all) - sum(ours),
    repeatedByUs: repeated(ours),
    repeated: repeated(all),
    pids: [...pids],
  };
}

function count(counts: Map<number, number>, id: number): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}

function sum(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((total, runs) => total + runs, 0);
}

function repeated(counts: ReadonlyMap<number, number>): number[] {
  return [...counts].filter(([, runs]) => runs > 1).map(([id]) => id);
}
