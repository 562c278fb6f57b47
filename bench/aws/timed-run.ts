import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSecondsOf, startClient, startCluster } from "@scaler-aws-hpc/testkit";
import { type AwsCounts, type AwsSite, type ContainerTimes, startAwsSite } from "./aws-site.ts";
import { type Counts, since, total } from "./counts.ts";
import { runnerOf, type Side, startSide } from "./managers.ts";
import type { Workload } from "./workloads.ts";

/** One run of a workload. */
export interface TimedRun {
  /** From the first submit of the client to the last result. */
  readonly seconds: number;
  /** How long the client's submits alone took; part of `seconds`. */
  readonly submitSeconds: number;
  readonly batch: Counts;
  readonly s3: Counts;
  /** Processor time of the manager while the tasks ran. */
  readonly managerCpuSeconds: number;
  /** The same of the emulators and of all runners. */
  readonly siteCpuSeconds: number;
  readonly slotTime: SlotTime;
}

/** Where the time of the slots went. */
export interface SlotTime {
  readonly containers: number;
  /** From submit to the container's start, on average. */
  readonly startSeconds: number;
  /** What a container took beyond the time of its tasks, on average. */
  readonly besideTasksSeconds: number;
  /** Share of the slots' time in which nothing was submitted for them. */
  readonly idleShare: number;
}

/** Nobody has asked for anything for so long: what belongs to the tasks is over. */
const QUIET_MS = 3_000;
/** The original deletes its inputs one by one after the last result. */
const SETTLE_MS = 120_000;

/** Runs a workload in a cluster of its own. @throws {Error} when a task returned something else, with everybody's last lines. */
export async function timedRun(side: Side, workload: Workload, startMs: number, ahead: number): Promise<TimedRun> {
  const { slots, durations, idealSeconds, latencyMs } = workload;
  await using site = await startAwsSite({ slots, startMs, latencyMs, runner: runnerOf(side) });
  await using cluster = await startCluster();
  const args = ["--jobs-ahead", String(ahead), ...(workload.packing ? [] : ["--tasks-per-job", "1"])];
  await using manager = await startSide(side, cluster, { ...site, slots, args });
  const file = join(cluster.folder, "durations.json");
  await writeFile(file, JSON.stringify(durations));
  await using client = await startClient(cluster, join(import.meta.dirname, "client.py"), ["--durations", file]);
  const limitMs = 300_000 + 1_000 * Math.max(idealSeconds * 20, durations.length * 0.1);
  try {
    await client.waitForLog(/"event": "begin"/, 120_000);
    const before = await site.counts();
    const greeted = (await site.times()).length;
    const pids = [manager.pid, site.pid];
    const cpuBefore = await Promise.all(pids.map((pid) => cpuSecondsOf(pid)));
    const [line] = await client.waitForLog(/\{"event": "end".*\}/, limitMs);
    const cpu = await Promise.all(pids.map(async (pid, at) => (await cpuSecondsOf(pid)) - (cpuBefore[at] ?? 0)));
    const [managerCpuSeconds = 0, siteCpuSeconds = 0] = cpu;
    const [, submitSeconds] = await client.waitForLog(/"event": "submitted", "seconds": ([0-9.e-]+)/);
    const { seconds, wrong, examples } = JSON.parse(line) as { seconds: number; wrong: number; examples: string[] };
    if (wrong > 0) throw new Error(`${wrong} of ${durations.length} results are wrong: ${examples.join("; ")}`);
    const after = await settled(site);
    return {
      seconds,
      submitSeconds: Number(submitSeconds),
      batch: since(after.batch, before.batch),
      s3: since(after.s3, before.s3),
      managerCpuSeconds,
      siteCpuSeconds,
      slotTime: slotTime(workload, seconds, (await site.times()).slice(greeted)),
    };
  } catch (reason) {
    const logs = [manager, client].map(({ name, logs }) => `--- ${name}\n${logs.tail(60)}`).join("\n");
    throw new Error(`${side}, ${workload.title}: it failed\n${logs}\n${site.logs()}\n${cluster.logs()}`, {
      cause: reason,
    });
  }
}

function slotTime({ slots, durations }: Workload, seconds: number, times: readonly ContainerTimes[]): SlotTime {
  const sum = (of: (one: ContainerTimes) => number): number => times.reduce((total, one) => total + of(one), 0) / 1_000;
  const starting = sum(({ submittedMs, startedMs }) => startedMs - submittedMs);
  const running = sum(({ startedMs, stoppedMs }) => stoppedMs - startedMs);
  const tasks = durations.reduce((total, duration) => total + duration, 0);
  return {
    containers: times.length,
    startSeconds: starting / times.length,
    besideTasksSeconds: (running - tasks) / times.length,
    idleShare: 1 - (starting + running) / (seconds * slots),
  };
}

/** The counters once they stand still. */
async function settled(site: AwsSite): Promise<AwsCounts> {
  const deadline = performance.now() + SETTLE_MS;
  let last = await site.counts();
  for (;;) {
    await sleep(QUIET_MS);
    const now = await site.counts();
    // One or two: what a manager asks for even when there is nothing to do, such as for its lease.
    const asked = total(now.batch) + total(now.s3) - total(last.batch) - total(last.s3);
    if (asked <= 2 || performance.now() > deadline) return now;
    last = now;
  }
}
