// Slots are never exceeded and never idle: one-second tasks, one to a job. Usage: npm run bench slots [--slots 4] [--tasks 100]
// Exits with 1 when more tasks or child processes than slots lived at once, or when it took longer than 1.1 times the ideal.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { processTree, runClient, startCluster, startManager } from "@scaler-aws-hpc/testkit";

const SAMPLE_MS = 50;

const { values } = parseArgs({
  options: { slots: { type: "string", default: "4" }, tasks: { type: "string", default: "100" } },
});
const slots = Number(values.slots);
const tasks = Number(values.tasks);

await using cluster = await startCluster();
await using manager = await startManager(cluster, {
  args: ["--max-concurrent-jobs", values.slots, "--tasks-per-job", "1"],
});

let children = 0;
let samples = 0;
const watching = new AbortController();
/** The most processes at any one depth below the manager: a runner may be two processes, a supervisor and its executor. */
async function watch(): Promise<void> {
  while (!watching.signal.aborted) {
    const depths = Map.groupBy(await processTree(manager.pid), (entry) => entry.depth);
    for (const [depth, entries] of depths) if (depth > 0) children = Math.max(children, entries.length);
    samples += 1;
    await sleep(SAMPLE_MS);
  }
}

const watcher = watch();
const script = join(import.meta.dirname, "client.py");
const run = await runClient(cluster, script, ["--tasks", values.tasks], 300_000);
watching.abort();
await watcher;
const [line] = run.lines;
if (run.exitCode !== 0 || line === undefined) {
  throw new Error(`the client failed\n${run.logs}\n${manager.logs.tail()}\n${cluster.logs()}`);
}
const most = Number(line["most"]);
const seconds = Number(line["seconds"]);
const ideal = Math.ceil(tasks / slots);
console.log(`${tasks} one-second tasks on ${slots} slots, one task to a job`);
console.log(`most tasks running at once: ${most}`);
console.log(`most live child processes at one depth, ${samples} samples: ${children}`);
console.log(
  `first start to last result: ${seconds.toFixed(2)} s (ideal ${ideal} s, at most ${(ideal * 1.1).toFixed(1)} s)`,
);
process.exitCode = most <= slots && children <= slots && seconds <= ideal * 1.1 ? 0 : 1;
