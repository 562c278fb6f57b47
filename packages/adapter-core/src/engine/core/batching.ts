import type { JobPlan, PackPlan } from "./effect.ts";
import { packSize } from "./pack-size.ts";
import { takeReady } from "./ready.ts";
import type { CoreState, Profile } from "./state.ts";
import { functionInfo } from "./tasks.ts";
import type { Child, Job, Work } from "./work.ts";

/** How long after two tasks were there at once more are expected, in milliseconds. */
const STREAM_MS = 200;

/** A pack that takes so many times as long as it should hands back what it has not started: somebody else may have room by now. */
const BUDGET_TARGETS = 2;

/** Forms jobs wherever slots are free and tasks wait: at once when enough do, else after the backend's gathering window. */
export function formJobs(core: CoreState): void {
  for (const profile of core.profiles.values()) {
    if (core.draining || core.finished) {
      profile.gatheringSince = undefined;
      continue;
    }
    while (profile.ready > 0 && profile.used < profile.spec.slots) {
      profile.gatheringSince ??= core.now;
      if (core.now < windowEnd(core, profile)) break;
      formJob(core, profile);
    }
    if (profile.ready === 0 || profile.used >= profile.spec.slots) profile.gatheringSince = undefined;
  }
}

/** When the next job of this profile is formed even if no further task comes. */
export function windowEnd(core: CoreState, profile: Profile): number {
  const { quietMs, maxMs } = core.options.backend.window;
  const since = profile.gatheringSince ?? core.now;
  const free = profile.spec.slots - profile.used;
  const head = bestHead(profile);
  if (head === undefined || profile.ready >= free * fullPack(core, head)) return since;
  // In a stream of short tasks a job costs more than they do: the whole window is worth waiting. Long ones gain nothing from company.
  const mean = meanOf(core, head);
  const streaming = since - profile.lastCompanyAt < STREAM_MS && mean !== undefined && mean < maxMs;
  return streaming ? since + maxMs : Math.min(profile.lastArrivalAt + quietMs, since + maxMs);
}

/** Tasks that a pack of this function would hold if enough were there. */
function fullPack(core: CoreState, work: Work): number {
  const mean = meanOf(core, work);
  if (mean === undefined) return 1;
  return Math.max(
    1,
    Math.min(core.options.maxTasksPerPack, Math.floor(core.options.packTargetMs / Math.max(mean, 0.001))),
  );
}

function meanOf(core: CoreState, work: Work): number | undefined {
  return core.runTimes.mean(functionInfo(core, work)?.digest ?? "");
}

/** The most urgent ready work of all clients; the oldest among equals. */
function bestHead(profile: Profile): Work | undefined {
  let best: Work | undefined;
  for (const [source, queue] of profile.queues) {
    const head = queue.peek();
    if (head === undefined) {
      profile.queues.delete(source);
      continue;
    }
    const wins =
      best === undefined ||
      head.task.priority > best.task.priority ||
      (head.task.priority === best.task.priority && head.order < best.order);
    if (wins) best = head;
  }
  return best;
}

/** One job: packs that share runner and freshness, one a free slot, as many as the backend takes in one job. */
function formJob(core: CoreState, profile: Profile): void {
  const first = bestHead(profile);
  if (first === undefined) return;
  const runner = functionInfo(core, first)?.runner ?? "";
  const fresh = first.fresh;
  const room = Math.min(profile.spec.slots - profile.used, core.options.backend.maxChildren);
  const packs: Work[][] = [];
  for (let head: Work | undefined = first; head !== undefined && packs.length < room; head = bestHead(profile)) {
    if (head.fresh !== fresh || functionInfo(core, head)?.runner !== runner) break;
    packs.push(takePack(core, profile, head));
    if (fresh) break;
  }
  const job = newJob(core, profile, fresh, packs);
  const plan: JobPlan = {
    name: job.name,
    profile: profile.spec.name,
    runner,
    packs: packs.map(
      (works): PackPlan => ({
        source: (works[0] as Work).task.source,
        tasks: works.map((work) => work.task),
        holders: works.map((work) => work.claim?.worker.id ?? ""),
      }),
    ),
    taskLimitMs: core.options.taskLimitMs,
    packBudgetMs: BUDGET_TARGETS * core.options.packTargetMs,
    attempts: attemptsOf(core, packs.flat()),
    fresh,
  };
  core.emit({ type: "stage", plan });
}

/** Tasks of the head's client, most urgent first, until the pack is as large or as long as it should be. */
function takePack(core: CoreState, profile: Profile, head: Work): Work[] {
  const { options } = core;
  const limit = packSize({
    ready: profile.ready,
    slots: profile.spec.slots,
    meanMs: meanOf(core, head),
    startMs: options.backend.startMs,
    targetMs: options.packTargetMs,
    maxTasks: options.maxTasksPerPack,
  });
  const pack: Work[] = [];
  let most = limit;
  let expectedMs = 0;
  for (let work: Work | undefined = head; work !== undefined; work = core.queue(profile, head.task.source).peek()) {
    most = Math.min(most, work.maxPack);
    const mean = meanOf(core, work);
    if (pack.length > 0) {
      // An unknown function is tried alone; a fresh one must be.
      const fits = pack.length < most && mean !== undefined && !work.fresh && expectedMs + mean <= options.packTargetMs;
      if (!fits) break;
    }
    expectedMs += mean ?? Number.POSITIVE_INFINITY;
    takeReady(core, profile, head.task.source);
    pack.push(work);
  }
  return pack;
}

/** What is left of the retries of the tasks in a job, for a backend that spends them itself. */
function attemptsOf(core: CoreState, works: readonly Work[]): number {
  if (core.options.backend.retriesNatively !== true) return 1;
  return Math.max(1, 1 + core.options.maxRetries - Math.max(...works.map(({ retries }) => retries)));
}

function newJob(core: CoreState, profile: Profile, fresh: boolean, packs: readonly Work[][]): Job {
  const job: Job = {
    name: `${core.options.jobPrefix}-${core.nextJob++}`,
    profile: profile.spec.name,
    fresh,
    state: "staging",
    children: [],
    liveChildren: packs.length,
    frames: 0,
    released: false,
  };
  job.children = packs.map((works, index): Child => {
    const child: Child = { job, index, works, state: "waiting", cancelled: false, attempt: 1 };
    works.forEach((work, at) => {
      work.state = "staging";
      work.child = child;
      work.index = at;
    });
    return child;
  });
  profile.used += packs.length;
  core.jobs.set(job.name, job);
  return job;
}
