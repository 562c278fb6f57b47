// One round: a fresh cluster, a manager with two slots or workers, and a client that times trivial tasks by submit and by map.
import { join } from "node:path";
import {
  ChildProgram,
  type Cluster,
  nodeProgram,
  processTree,
  startClient,
  startCluster,
  startManager,
} from "@scaler-aws-hpc/testkit";

/** Our manager or Scaler's own. */
export type Kind = "ours" | "native";
/** How tasks are submitted. */
export type Way = "submit" | "map";
/** Both ways, in the order in which they run. */
export const WAYS: readonly Way[] = ["submit", "map"];

/** Who runs against whom. */
export interface Contender {
  readonly name: string;
  readonly kind: Kind;
  readonly client: "python" | "node";
}

/** How long it took, and CPU seconds by process. */
export interface Measured {
  readonly seconds: number;
  readonly cpu: Readonly<Record<string, number>>;
}

const LIMIT_MS = 180_000;
const ARGS: Readonly<Record<Kind, readonly string[]>> = { ours: ["--max-concurrent-jobs", "2"], native: ["-mtc", "2"] };

/** Runs one. @throws {HarnessError} where a program does not do its part */
export async function round({ kind, client: language }: Contender, tasks: number): Promise<Record<Way, Measured>> {
  await using cluster = await startCluster();
  await using manager = await startManager(cluster, { kind, args: ARGS[kind] });
  await using client = await startAny(language, cluster, tasks);
  const measured: Partial<Record<Way, Measured>> = {};
  for (const way of WAYS) {
    await client.waitForLog(new RegExp(`"way": ?"${way}", ?"event": ?"begin"`), LIMIT_MS);
    const before = await cpuOf(cluster, manager.pid);
    const pattern = new RegExp(`"way": ?"${way}", ?"event": ?"end", ?"seconds": ?([0-9.e-]+), ?"cpu": ?([0-9.e-]+)`);
    const [, seconds, cpu] = await client.waitForLog(pattern, LIMIT_MS);
    const used = difference(await cpuOf(cluster, manager.pid), before);
    measured[way] = { seconds: Number(seconds), cpu: { client: Number(cpu), ...used } };
  }
  const { submit, map } = measured;
  if (submit === undefined || map === undefined) throw new Error("a part of the client did not run");
  return { submit, map };
}

async function startAny(language: Contender["client"], cluster: Cluster, tasks: number): Promise<ChildProgram> {
  const args = ["--tasks", String(tasks)];
  if (language === "python") return await startClient(cluster, join(import.meta.dirname, "client.py"), args);
  return await ChildProgram.start({
    name: "Node client",
    file: nodeProgram(),
    args: [
      "--conditions=@scaler-aws-hpc/source",
      join(import.meta.dirname, "node-client.ts"),
      ...["--address", cluster.address, ...args],
    ],
    cwd: cluster.folder,
  });
}

async function cpuOf(cluster: Cluster, manager: number): Promise<Record<string, number>> {
  const [scheduler, storage, ours] = await Promise.all(
    [cluster.scheduler.pid, cluster.storage.pid, manager].map((pid) => processTree(pid)),
  );
  const sum = (tree: typeof ours, what: (depth: number) => boolean): number =>
    (tree ?? []).reduce((total, { depth, cpuSeconds }) => total + (what(depth) ? cpuSeconds : 0), 0);
  return {
    scheduler: sum(scheduler, () => true),
    "object storage": sum(storage, () => true),
    manager: sum(ours, (depth) => depth === 0),
    runners: sum(ours, (depth) => depth > 0),
  };
}

function difference(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}
