// Gaps between heartbeats, at a proxy before the scheduler, while big payloads move both ways and two tasks keep two cores busy.
// Usage: npm run bench heartbeats [--megabytes 50] [--seconds 40] [--busy 2] [--at-once 2]; exits with 1 when a gap was interval + 1 s or longer.
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { runClient, startCluster, startManager } from "@scaler-aws-hpc/testkit";
import { RecordingProxy } from "./recording-proxy.ts";

const INTERVAL_MS = 2_000;
const MOST_MS = INTERVAL_MS + 1_000;

const { values } = parseArgs({
  options: {
    megabytes: { type: "string", default: "50" },
    seconds: { type: "string", default: "40" },
    busy: { type: "string", default: "2" },
    "at-once": { type: "string", default: "2" },
  },
});

await using cluster = await startCluster();
await using proxy = await RecordingProxy.start(cluster.schedulerPort);
const slots = Number(values.busy) + Number(values["at-once"]);
await using manager = await startManager(cluster, {
  address: `tcp://127.0.0.1:${proxy.port}`,
  args: ["--max-concurrent-jobs", String(slots), "--heartbeat-interval-seconds", String(INTERVAL_MS / 1_000)],
});
// What this process itself is late by goes into the figures too: it is printed, so that one can tell.
const ours = monitorEventLoopDelay();
ours.enable();
const flags = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
const run = await runClient(cluster, join(import.meta.dirname, "client.py"), flags, 600_000);
const [line] = run.lines;
if (run.exitCode !== 0 || line === undefined) {
  throw new Error(`the client failed\n${run.logs}\n${manager.logs.tail()}\n${cluster.logs()}`);
}

const gaps = [...proxy.beats.values()].flatMap((times) => times.slice(1).map((time, at) => time - (times[at] ?? time)));
gaps.sort((a, b) => a - b);
const quantile = (share: number): number =>
  gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))] ?? Number.NaN;
const most = gaps.at(-1) ?? Number.POSITIVE_INFINITY;
const moved = `${line["moved"]} payloads of ${values.megabytes} MB each way in ${Number(line["seconds"]).toFixed(1)} s`;
console.log(`${moved}, ${values.busy} busy tasks, ${slots} slots, heartbeats every ${INTERVAL_MS} ms`);
console.log(
  `${gaps.length} gaps on ${proxy.beats.size} connections: p50 ${quantile(0.5).toFixed(0)}, p99 ${quantile(0.99).toFixed(0)}, ` +
    `max ${most.toFixed(0)} ms (must stay below ${MOST_MS})`,
);
console.log(`the measuring process itself was late by at most ${(ours.max / 1e6).toFixed(0)} ms`);
process.exitCode = most < MOST_MS ? 0 : 1;
