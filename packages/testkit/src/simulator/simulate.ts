import type { Coverage } from "./coverage.ts";
import { planIncidents } from "./incidents.ts";
import type { Breach } from "./kernel.ts";
import { World } from "./world.ts";

/** How a run ended. */
export interface RunResult {
  readonly seed: number;
  readonly breach: Breach | undefined;
  /** Of everything that happened. */
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly coverage: Coverage;
  /** The last lines of the trace. */
  readonly tail: readonly string[];
}

/** What may be told of a run while it goes on. */
export interface SimulateOptions {
  /** Tasks of the clients. @default 200 */
  readonly tasks?: number;
  /** Gets every line of the trace. */
  readonly echo?: (line: string) => void;
}

/** After the last answer, everything is to be at rest within this, in milliseconds: a manager that comes back late, a lost link, a resumed worker, each with its own patience. */
const SETTLE_MS = 400_000;
const PROBE_MS = 120_000;

/** Plays one seed: chaos until the faults stop, then every task must be answered, then everything must come to rest, then every slot must still work. */
export function simulate(seed: number, options: SimulateOptions = {}): RunResult {
  const world = new World(seed, options.tasks ?? 200, options.echo);
  planIncidents(world);
  try {
    answersAll(world, world.scenario.faultsUntilMs + patience(world));
    settles(world);
    if (world.kernel.breach === undefined && world.scenario.probesSlots) probeSlots(world);
  } catch (reason) {
    // What throws in the core would end the manager.
    world.kernel.fail("I2", reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
  }
  const { kernel } = world;
  return {
    seed,
    breach: kernel.breach,
    hash: kernel.trace.hash,
    events: kernel.trace.count,
    virtualMs: kernel.now,
    coverage: kernel.coverage,
    tail: kernel.trace.tail(),
  };
}

function answersAll(world: World, deadline: number): void {
  const { kernel, workload, scenario } = world;
  while (kernel.now < scenario.faultsUntilMs || workload.submitted < scenario.tasks || workload.waiting > 0) {
    if (!kernel.step()) return;
    if (kernel.now > deadline) {
      const open = [...world.tasks()].filter(({ resolved }) => resolved === undefined);
      const where = open.slice(0, 5).map(({ message: { taskId }, kind }) => {
        const holder = world.scheduler?.holder(taskId);
        return `${kind} ${taskId} is ${world.scheduler?.state(taskId) ?? "unknown"} at ${holder ?? "nobody"}`;
      });
      kernel.fail("I2", `${open.length} tasks have no answer: ${where.join("; ")}; ${atRest(world)}`);
      return;
    }
  }
}

function settles(world: World): void {
  const { kernel } = world;
  const deadline = kernel.now + SETTLE_MS;
  while (kernel.breach === undefined) {
    const busy = atRest(world);
    if (busy === undefined) {
      checkRetries(world);
      return;
    }
    if (kernel.now > deadline) {
      kernel.fail("I4", `not at rest: ${busy}`);
      return;
    }
    // Looked at twice a second: the look itself costs.
    const next = kernel.now + 500;
    while (kernel.now < next) if (!kernel.step()) return;
  }
}

/** A task is run once more for a reason, and for none else. */
function checkRetries(world: World): void {
  const { kernel, shell } = world;
  const { retried } = shell.core.stats();
  // What an earlier process heard of a task is told again, and may be a reason once more.
  const reasons = world.executions.retriesOf(shell.index) + 2 * shell.recovered.size;
  if (retried > reasons) kernel.fail("I5", `${retried} retries for ${reasons} reasons`);
}

/** What is not at rest, if anything is. */
function atRest(world: World): string | undefined {
  const { shell, scheduler, store, scenario } = world;
  if (!shell.alive) return "the manager is down";
  if (shell.stalled) return "the manager stands still";
  if (scheduler === undefined) return "the scheduler is down";
  const { queued, running, unacknowledged, slotsUsed, workers } = shell.core.stats();
  const profiles = scenario.core.profiles.length * (scenario.core.workersPerProfile ?? 1);
  const live = world.executions.live();
  const known = [...scheduler.workers()].filter((worker) => !world.isNative(worker)).length;
  const counts = {
    "broken links": shell.brokenLinks,
    queued,
    running,
    unacknowledged,
    slotsUsed,
    live,
    jobs: shell.jobs.size,
    bundles: world.cloud.size,
    frames: store.size,
    unfinished: scheduler.unfinished,
    "surplus workers": workers - profiles,
    "surplus workers at the scheduler": known - profiles,
  };
  const busy = Object.entries(counts).filter(([, count]) => count !== 0);
  return busy.length === 0 ? undefined : busy.map(([what, count]) => `${what} ${count}`).join(", ");
}

/** Long tasks for everybody: at some moment every slot must be taken, or one of them was lost on the way. */
function probeSlots(world: World): void {
  const { kernel, workload, scenario } = world;
  const { profiles } = scenario.core;
  const most = Math.max(...profiles.map(({ slots }) => slots));
  const workers = profiles.length * (scenario.core.workersPerProfile ?? 1) + scenario.natives;
  workload.burst(workers * (most + 1), 30_000);
  const full = new Set<string>();
  const deadline = kernel.now + PROBE_MS;
  while (full.size < profiles.length) {
    if (!kernel.step()) return;
    for (const { name, slots } of profiles) if (world.executions.live(name) >= slots) full.add(name);
    if (kernel.now <= deadline) continue;
    const lacking = profiles.filter(({ name }) => !full.has(name));
    const words = lacking.map(({ name, slots }) => `${world.executions.live(name)} of ${slots} slots of ${name}`);
    kernel.fail("I4", `only ${words.join(", ")} are used though tasks wait for all of them`);
    return;
  }
  answersAll(world, kernel.now + patience(world));
}

/** Time in which everything must be answered once the faults have stopped, in milliseconds: all work in one slot, and every time-out on the way. */
function patience(world: World): number {
  const { core, medianMs, tasks } = world.scenario;
  const { startMs, pollMs } = core.backend;
  const slots = Math.min(...core.profiles.map((profile) => profile.slots));
  return 1_500_000 + (tasks * 4 * (medianMs * 1.7 + startMs * 1.5 + pollMs * 2 + 300)) / slots;
}
