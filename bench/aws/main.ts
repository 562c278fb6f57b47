// The manager of the released Scaler and ours, against the same emulator of AWS Batch and the same S3 in memory, with a real scheduler, object
// storage and client. Every result is checked; exits with 1 when a promise does not hold.
// Usage: npm run bench aws -- [--ours | --original] [--workload NAME]... [--rounds 3] [--tasks 1000] [--tiny-tasks 10000] [--slots 100] [--ahead 300] [--seed 3]
//   [--sigma 0.6] [--children 1000] [--seconds 60]; names: fixed, fixed-single, log-normal, log-normal-single, latency, latency-single, tiny, polling
import { parseArgs } from "node:util";
import { inWords, total } from "./counts.ts";
import type { Side } from "./managers.ts";
import { type PollingRun, pollingRun } from "./polling-run.ts";
import { type TimedRun, timedRun } from "./timed-run.ts";
import { callsPerTask, judge, type Measured, secondsOf } from "./verdicts.ts";
import { type Workload, workloads } from "./workloads.ts";

const START_MS = 200;

const { values } = parseArgs({
  options: {
    ours: { type: "boolean", default: false },
    original: { type: "boolean", default: false },
    workload: { type: "string", multiple: true },
    rounds: { type: "string", default: "3" },
    tasks: { type: "string", default: "1000" },
    "tiny-tasks": { type: "string", default: "10000" },
    slots: { type: "string", default: "100" },
    ahead: { type: "string", default: "300" },
    seed: { type: "string", default: "3" },
    sigma: { type: "string", default: "0.6" },
    children: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
  },
});
const both: readonly Side[] = ["ours", "original"];
const sides = values.ours === values.original ? both : both.filter((side) => values[side]);
const every = workloads({
  slots: Number(values.slots),
  tasks: Number(values.tasks),
  tinyTasks: Number(values["tiny-tasks"]),
  sigma: Number(values.sigma),
  seed: Number(values.seed),
  startSeconds: START_MS / 1_000,
});
const names = [...every.map(({ name }) => name), "polling"];
const wanted = values.workload ?? names;
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no workload ${unknown.join(", ")}; known: ${names.join(", ")}`);

console.log(
  `Batch emulated, ${START_MS} ms from submit to start, ${values.slots} slots; S3 in memory of a process of its own.\n` +
    `The compute environment has as many vCPUs as there are slots. Ours may let ${values.ahead} more jobs wait in the queue (--jobs-ahead); the original has no such thing.\n` +
    "Runners of both sides are warm workers, one process for many jobs, not started afresh; the original's keep the AWS SDK and its S3 client.\n" +
    "The original is opengris-scaler 2.9.0 with one line mended by this bench: as released it announces its concurrency as a negative\n" +
    "number, its first heartbeat fails, and it ends. It runs one round and knows no packing.\n" +
    "Ideal: the list schedule of (time of the task + start of a job) on the slots in order of submission, one job to a task;\n" +
    "the same with packing on, where fewer starts would allow for less.\n" +
    `Log-normal: sigma ${values.sigma} of the logarithm, seed ${values.seed}. Makespan: from the client's first submit to its last result.`,
);

function line(side: Side, workload: Workload, run: TimedRun): string {
  const { containers, startSeconds, besideTasksSeconds, idleShare } = run.slotTime;
  const perTask = (total(run.s3) / workload.durations.length).toFixed(2);
  return (
    `  ${side.padEnd(8)} ${run.seconds.toFixed(1)} s = ${(run.seconds / workload.idealSeconds).toFixed(2)} x ideal` +
    ` (submits took ${run.submitSeconds.toFixed(1)} s; CPU of the manager ${run.managerCpuSeconds.toFixed(1)} s, of emulators and runners ${run.siteCpuSeconds.toFixed(1)} s)\n` +
    `           ${containers} containers; ${startSeconds.toFixed(2)} s from submit to start, ${besideTasksSeconds.toFixed(2)} s beside their tasks, ` +
    `${(idleShare * 100).toFixed(0)} % of the slots' time idle\n` +
    `           Batch ${total(run.batch)}: ${inWords(run.batch)}\n` +
    `           S3 ${total(run.s3)}, ${perTask} per task: ${inWords(run.s3)}`
  );
}

async function measure(workload: Workload): Promise<Measured> {
  console.log(`\n${workload.name}: ${workload.title}; ideal ${workload.idealSeconds.toFixed(1)} s`);
  const runs: Record<Side, TimedRun[]> = { ours: [], original: [] };
  for (let round = 0; sides.includes("ours") && round < Number(values.rounds); round++) {
    const run = await timedRun("ours", workload, START_MS, Number(values.ahead));
    runs.ours.push(run);
    console.log(line("ours", workload, run));
  }
  if (sides.includes("original") && workload.packing) {
    const run = await timedRun("original", workload, START_MS, Number(values.ahead));
    runs.original.push(run);
    console.log(line("original", workload, run));
  }
  return { workload, runs };
}

const measured: Measured[] = [];
for (const workload of every) if (wanted.includes(workload.name)) measured.push(await measure(workload));

let polling: PollingRun | undefined;
if (wanted.includes("polling")) {
  console.log(`\npolling: ${values.children} simulated children run, ${values.seconds} s are counted`);
  for (const side of sides) {
    const run = await pollingRun(side, Number(values.children), Number(values.seconds));
    if (side === "ours") polling = run;
    const rate = (total(run.batch) / run.seconds).toFixed(2);
    console.log(`  ${side.padEnd(8)} ${rate} Batch calls a second: ${inWords(run.batch)}; S3: ${inWords(run.s3)}`);
  }
}

console.log(`\nMedians of ${values.rounds} rounds (the original: one)`);
for (const { workload, runs } of measured) {
  const cells = both.flatMap((side) => {
    if (runs[side].length === 0) return [];
    const seconds = secondsOf(runs[side]);
    const times = (seconds / workload.idealSeconds).toFixed(2);
    const batch = (callsPerTask(runs[side], "batch", workload) * 1_000).toFixed(1);
    const s3 = callsPerTask(runs[side], "s3", workload).toFixed(2);
    return [`${side} ${seconds.toFixed(1)} s (${times}), ${batch} Batch calls per 1,000, ${s3} S3 per task`];
  });
  console.log(`  ${workload.name.padEnd(18)} ideal ${workload.idealSeconds.toFixed(1)} s; ${cells.join("; ")}`);
}
console.log();
const verdicts = judge(measured, polling);
for (const { what, limit, got, holds } of verdicts)
  console.log(`${holds ? "PASS" : "FAIL"} ${what}: ${got.toFixed(2)} (limit ${limit})`);
process.exitCode = verdicts.every(({ holds }) => holds) ? 0 : 1;
