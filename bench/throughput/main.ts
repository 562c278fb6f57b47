// Tasks per second of trivial tasks, by submit and by map: our manager with two slots against Scaler's own with two workers.
// Rounds are interleaved and each has a fresh cluster; figures are medians. Usage: npm run bench throughput [--rounds 5] [--tasks 5000]
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Cluster, cpuSecondsOf, startClient, startCluster, startManager } from "@scaler-aws-hpc/testkit";

type Kind = "ours" | "native";
type Way = "submit" | "map";

/** CPU seconds by process, and how long it took. */
interface Measured {
  readonly seconds: number;
  readonly cpu: Readonly<Record<string, number>>;
}

const LIMIT_MS = 180_000;
const ARGS: Readonly<Record<Kind, readonly string[]>> = { ours: ["--max-concurrent-jobs", "2"], native: ["-mtc", "2"] };
const WAYS: readonly Way[] = ["submit", "map"];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    tasks: { type: "string", default: "5000" },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const tasks = Number(values.tasks);

async function cpuOf(cluster: Cluster, manager: number): Promise<Record<string, number>> {
  const [scheduler, storage, both] = await Promise.all(
    [cluster.scheduler.pid, cluster.storage.pid, manager].map((pid) => cpuSecondsOf(pid)),
  );
  return { scheduler: scheduler ?? 0, "object storage": storage ?? 0, "manager and runners": both ?? 0 };
}

function difference(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}

async function round(kind: Kind): Promise<Record<Way, Measured>> {
  await using cluster = await startCluster();
  await using manager = await startManager(cluster, { kind, args: ARGS[kind] });
  await using client = await startClient(cluster, join(import.meta.dirname, "client.py"), ["--tasks", String(tasks)]);
  const measured: Partial<Record<Way, Measured>> = {};
  for (const way of WAYS) {
    await client.waitForLog(new RegExp(`"way": "${way}", "event": "begin"`), LIMIT_MS);
    const before = await cpuOf(cluster, manager.pid);
    const pattern = new RegExp(`"way": "${way}", "event": "end", "seconds": ([0-9.e-]+), "cpu": ([0-9.e-]+)`);
    const [, seconds, cpu] = await client.waitForLog(pattern, LIMIT_MS);
    const used = difference(await cpuOf(cluster, manager.pid), before);
    measured[way] = { seconds: Number(seconds), cpu: { ...used, client: Number(cpu) } };
  }
  const { submit, map } = measured;
  if (submit === undefined || map === undefined) throw new Error("a part of the client did not run");
  return { submit, map };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

const all: Record<Kind, Record<Way, Measured>[]> = { ours: [], native: [] };
const kinds: readonly Kind[] = values.only === "ours" || values.only === "native" ? [values.only] : ["ours", "native"];
console.log(`${tasks} trivial tasks, ${rounds} interleaved rounds, two slots against two fixed native workers`);
for (let number = 0; number < rounds; number++) {
  // The order alternates, so that neither always has the warmer machine.
  for (const kind of number % 2 === 0 ? kinds : kinds.toReversed()) {
    const measured = await round(kind);
    all[kind].push(measured);
    const rates = WAYS.map((way) => `${way} ${(tasks / measured[way].seconds).toFixed(0)}/s`).join(", ");
    console.log(`round ${number + 1} ${kind.padEnd(6)} ${rates}`);
  }
}
for (const way of WAYS) {
  const rate = (kind: Kind): number => median(all[kind].map((measured) => tasks / measured[way].seconds));
  for (const kind of kinds) {
    const names = Object.keys(all[kind][0]?.[way].cpu ?? {});
    const perThousand = names.map((name) => {
      const cpu = median(all[kind].map((measured) => measured[way].cpu[name] ?? 0));
      return `${name} ${((cpu / tasks) * 1000).toFixed(2)}`;
    });
    console.log(
      `${way} ${kind}: ${rate(kind).toFixed(0)} tasks/s; CPU seconds per 1,000 tasks: ${perThousand.join(", ")}`,
    );
  }
  if (kinds.length === 2) {
    const ratios = all.ours.map((ours, index) => (all.native[index]?.[way].seconds ?? Number.NaN) / ours[way].seconds);
    console.log(`${way}: ratio of ours to native, median of ${rounds} rounds: ${median(ratios).toFixed(2)}`);
  }
}
