import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChildProgram, startClient, startCluster } from "@scaler-aws-hpc/testkit";
import { startAwsSite } from "../aws/aws-site.ts";
import { runnerOf, startSide } from "../aws/managers.ts";
import { type Executions, readExecutions } from "./executions.ts";

/** In what company, and with what else going wrong. */
export interface Variant {
  readonly name: string;
  readonly native: boolean;
  readonly faults: boolean;
}

export const VARIANTS: readonly Variant[] = [
  { name: "alone", native: false, faults: false },
  { name: "beside-native", native: true, faults: false },
  { name: "alone-faults", native: false, faults: true },
  { name: "beside-native-faults", native: true, faults: true },
];

export interface CrashPlan {
  readonly variant: Variant;
  /** At most so many; fewer when the tasks are done before. */
  readonly kills: number;
  readonly tasks: number;
  readonly taskSeconds: number;
  readonly slots: number;
  /** Further flags of the manager. */
  readonly args: readonly string[];
  readonly random: () => number;
  readonly say: (text: string) => void;
}

/** What came of a run. */
export interface CrashRun {
  readonly kills: number;
  readonly seconds: number;
  readonly right: number;
  readonly wrong: number;
  readonly executions: Executions;
  readonly spotHits: number;
  readonly attempts: number;
  readonly ambiguousSubmits: number;
  readonly liveJobs: readonly string[];
  readonly keysLeft: readonly string[];
  /** What must not be, in words. */
  readonly failures: readonly string[];
}

const QUEUE_SIZE = 500;
/** Some of them are over before they are hit; about 20 % are lost. */
const SPOT_LOSS = 0.25;
const LOST_SUBMITS = 0.05;
/** With five attempts, the default, one task in 3,000 would fail by nothing but bad luck. */
const RETRIES = 9;
/** Most seconds that the manager is away: the scheduler waits 60 s for a worker's heartbeat. */
const AWAY_SECONDS = 19;
/** After the last result: what is left to tidy up. */
const SETTLE_MS = 60_000;
/** What the bucket's lifecycle rule owns: leases of managers that are gone. */
const LIFECYCLE = /\/v1\/managers\/[^/]+\/lease$/;

interface Outcome {
  readonly right: number;
  readonly wrong: number;
  readonly examples: readonly string[];
}

export async function crashRun(plan: CrashPlan): Promise<CrashRun> {
  const { variant, tasks, taskSeconds, slots, random, say } = plan;
  const begun = performance.now();
  await using site = await startAwsSite({
    slots,
    startMs: 200,
    latencyMs: 0,
    runner: runnerOf("ours"),
    ...(variant.faults ? { spotLoss: SPOT_LOSS, lostSubmits: LOST_SUBMITS } : {}),
    seed: Math.floor(random() * 1_000_000),
  });
  // A native worker that held hundreds of tasks would work on them long after we are done.
  await using cluster = await startCluster(variant.native ? { nativeWorkers: 1, queueSize: 20 } : {});
  const record = join(cluster.folder, "executions");
  const managers: ChildProgram[] = [];
  const start = async (): Promise<ChildProgram> => {
    const retries = variant.faults ? ["--max-retries", String(RETRIES)] : [];
    const args = ["--per-worker-task-queue-size", String(QUEUE_SIZE), ...retries, ...plan.args];
    const manager = await startSide("ours", cluster, { ...site, slots, args });
    managers.push(manager);
    return manager;
  };
  let manager = await start();
  const flags = ["--tasks", String(tasks), "--seconds", String(taskSeconds), "--record", record];
  const client = await startClient(cluster, join(import.meta.dirname, "client.py"), flags);
  let kills = 0;
  try {
    // The time that the tasks need is cut into as many pieces as there are kills; each falls somewhere into its own.
    const piece = (tasks * (taskSeconds + 0.2)) / slots / plan.kills;
    let rest = 0;
    while (kills < plan.kills) {
      const moment = random() * piece;
      const away = random() < 0.2 ? random() * AWAY_SECONDS : random() * 2;
      if (await ended(client, rest + moment)) break;
      if (manager.exit !== undefined) throw new Error("the manager ended by itself");
      await manager.stop("SIGKILL");
      kills += 1;
      say(
        `kill ${kills} after ${(rest + moment).toFixed(1)} s, away for ${away.toFixed(1)} s; ${done(client)} tasks done`,
      );
      await sleep(away * 1_000);
      manager = await start();
      rest = piece - moment;
    }
    const limitMs = 300_000 + (tasks * taskSeconds * 10_000) / slots;
    const [line] = await client.waitForLog(/^\{"right": .*\}$/m, limitMs);
    const outcome = JSON.parse(line) as Outcome;
    await settled(site.counts);
    const before = await site.state();
    if (before.liveJobs.length > 0) say(`before the manager ends, live jobs: ${first(before.liveJobs)}`);
    await manager.stop("SIGTERM", 60_000);
    const state = await site.state();
    const executions = await readExecutions(record, {
      lostAttempts: new Set(state.lostAttempts),
      ambiguousJobs: new Set(variant.faults ? state.twiceSubmitted : []),
    });
    const litter = state.keys.filter((key) => !LIFECYCLE.test(`/${key}`));
    const failures: string[] = [];
    if (outcome.right !== tasks) failures.push(`${outcome.wrong} futures are wrong: ${outcome.examples.join("; ")}`);
    if (executions.tasks !== tasks) failures.push(`only ${executions.tasks} tasks wrote down that they ran`);
    if (state.liveJobs.length > 0) failures.push(`live jobs are left: ${first(state.liveJobs)}`);
    if (state.containers > 0) failures.push(`${state.containers} containers still run`);
    if (litter.length > 0) failures.push(`keys are left: ${first(litter)}`);
    // Beside a native worker the scheduler may give tasks to others while we are away: those are counted, and are no failure.
    if (!variant.native && executions.others.length > 0) {
      const some = executions.others.slice(0, 5).map(({ task, runs }) => `${task} in ${runs.join(" and ")}`);
      failures.push(`${executions.others.length} tasks ran again without a reason: ${some.join("; ")}`);
    }
    if (failures.length > 0) say(logsOf(managers));
    return {
      kills,
      seconds: (performance.now() - begun) / 1_000,
      right: outcome.right,
      wrong: outcome.wrong,
      executions,
      spotHits: state.lostAttempts.length,
      attempts: state.attempts,
      ambiguousSubmits: state.unansweredSubmits,
      liveJobs: state.liveJobs,
      keysLeft: state.keys.filter((key) => LIFECYCLE.test(`/${key}`)),
      failures,
    };
  } catch (reason) {
    const text = `${logsOf([...managers, client])}\n${site.logs()}\n${cluster.logs()}`;
    throw new Error(`${variant.name}: the run failed after ${kills} kills\n${text}`, { cause: reason });
  } finally {
    for (const program of [client, ...managers]) await program[Symbol.asyncDispose]();
  }
}

/** Whether the client had all its results within this time. */
async function ended(client: ChildProgram, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1_000;
  while (performance.now() < deadline) {
    if (/^\{"right": /m.test(client.stdout.text)) return true;
    if (client.exit !== undefined) throw new Error("the client ended by itself");
    await sleep(Math.max(0, Math.min(50, deadline - performance.now())));
  }
  return /^\{"right": /m.test(client.stdout.text);
}

function done(client: ChildProgram): number {
  return Number([...client.stdout.text.matchAll(/"done": (\d+)/g)].at(-1)?.[1] ?? 0);
}

/** Waits until the manager asks for next to nothing, or the time is up. */
async function settled(counts: () => Promise<{ readonly batch: object; readonly s3: object }>): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  const asked = async (): Promise<number> => {
    const { batch, s3 } = await counts();
    return [...Object.values(batch), ...Object.values(s3)].reduce((sum: number, count: number) => sum + count, 0);
  };
  let last = await asked();
  while (performance.now() < deadline) {
    await sleep(3_000);
    const now = await asked();
    if (now - last <= 2) return;
    last = now;
  }
}

function first(names: readonly string[]): string {
  return `${names.length}, such as ${names.slice(0, 5).join(", ")}`;
}

function logsOf(programs: readonly ChildProgram[]): string {
  return programs.map(({ name, logs }) => `--- ${name}\n${logs.tail(40)}`).join("\n");
}
