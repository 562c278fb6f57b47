import { isOpen } from "./breaker.ts";
import type { JobPlan, PackPlan } from "./effect.ts";
import { isEven, meanOf } from "./function-times.ts";
import { takeReady } from "./ready.ts";
import { freeSlots, roomFor } from "./room.ts";
import type { CoreState, Profile } from "./state.ts";
import { functionInfo } from "./tasks.ts";
import { bestHead, packLimit, startMs, windowEnd } from "./window.ts";
import type { Child, Job, Work } from "./work.ts";

/** A pack that takes so many times as long as it should hands back what it has not started: somebody else may have room by now. */
const BUDGET_TARGETS = 2;

/** How many times as long as its start a child should run while more tasks are arriving. */
const STARTS_WORTH = 3;

/** Forms jobs wherever slots are free and tasks wait, when their window ends. */
export function formJobs(core: CoreState): void {
  for (const profile of core.profiles.values()) {
    if (core.draining || core.finished) {
      profile.gatheringSince = undefined;
      continue;
    }
    for (let head = bestHead(core, profile); head !== undefined; head = bestHead(core, profile)) {
      if (roomFor(core, profile, head) === 0) break;
      profile.gatheringSince ??= core.now;
      const end = windowEnd(core, profile);
      if (end === undefined || core.now < end) break;
      formJob(core, profile, head);
    }
    const head = bestHead(core, profile);
    if (head === undefined || roomFor(core, profile, head) === 0) profile.gatheringSince = undefined;
  }
}

/** One job: packs that share runner and freshness, as many as there is room for and the backend takes in one job. */
function formJob(core: CoreState, profile: Profile, first: Work): void {
  const runner = functionInfo(core, first)?.runner ?? "";
  const fresh = first.fresh;
  const room = isOpen(core, profile, first)
    ? 1
    : Math.min(roomFor(core, profile, first), core.options.backend.maxChildren);
  const share = shareOf(core, profile, first);
  const free = freeSlots(profile);
  const packs: Work[][] = [];
  for (let head: Work | undefined = first; head !== undefined && packs.length < room; head = bestHead(core, profile)) {
    if (head.fresh !== fresh || functionInfo(core, head)?.runner !== runner) break;
    packs.push(takePack(core, profile, head, share, leastOf(core, profile, first, packs.length >= free)));
    if (fresh) break;
  }
  const job = newJob(core, profile, runner, fresh, packs);
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
    attempts: attemptsOf(core, packs),
    fresh,
  };
  core.emit({ type: "stage", plan });
}

/**
 * What each of the packs of a job gets of all that waits now, in tasks: an equal part; where tasks take the same time, what a list schedule would give it, which
 * is more while the other slots are busy for long. With tasks of all lengths that would make long packs of the last ones.
 */
function shareOf(core: CoreState, profile: Profile, head: Work): number {
  const { ready, outlook, spec } = profile;
  const free = freeSlots(profile);
  const meanMs = meanOf(core, head);
  if (meanMs === undefined || !isEven(core, profile, head)) return Math.ceil(ready / (spec.slots + (spec.ahead ?? 0)));
  return outlook.share({ now: core.now, ready, free, meanMs, laterMs: meanMs / 2 });
}

/** Tasks that make a child worth its start where no slot stays free for it: one that goes ahead of the slots, or while more tasks are arriving. */
function leastOf(core: CoreState, profile: Profile, head: Work, ahead: boolean): number {
  const { window, maxChildren } = core.options.backend;
  const mean = meanOf(core, head);
  if (mean === undefined || maxChildren === 1) return 1;
  if (!ahead && core.now - profile.lastArrivalAt >= window.quietMs) return 1;
  const tasks = Math.floor((STARTS_WORTH * startMs(core, profile)) / mean);
  return Math.max(1, Math.min(tasks, core.options.maxTasksPerPack));
}

/** Tasks of the head's client, most urgent first, until the pack is as large or as long as it should be. */
function takePack(core: CoreState, profile: Profile, head: Work, share: number, least: number): Work[] {
  const { options } = core;
  const pack: Work[] = [];
  let most = isOpen(core, profile, head) ? 1 : Math.max(least, packLimit(core, profile, head, share));
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

/** What is left of the retries of the tasks in a job, for a backend that spends them itself: the one that failed most often decides. */
function attemptsOf(core: CoreState, packs: readonly (readonly Work[])[]): number {
  if (core.options.backend.retriesNatively !== true) return 1;
  let most = 0;
  for (const works of packs) for (const { retries } of works) most = Math.max(most, retries);
  return Math.max(1, 1 + core.options.maxRetries - most);
}

function newJob(core: CoreState, profile: Profile, runner: string, fresh: boolean, packs: readonly Work[][]): Job {
  const job: Job = {
    name: `${core.options.jobPrefix}-${core.nextJob++}`,
    profile: profile.spec.name,
    runner,
    fresh,
    state: "staging",
    children: [],
    liveChildren: packs.length,
    frames: 0,
    released: false,
    adopted: false,
    liveAt: 0,
  };
  const free = freeSlots(profile);
  const ends = free < packs.length ? profile.outlook.ends() : [];
  job.children = packs.map((works, index): Child => {
    // Those that wait at the backend take the slots in the order in which they become free.
    const begins = index < free ? core.now : (ends[index - free] ?? core.now);
    const child: Child = {
      job,
      index,
      works,
      state: "waiting",
      cancelled: false,
      attempt: 1,
      ranMs: 0,
      ahead: index >= free,
    };
    const runMs = works.reduce((sum, work) => sum + (meanOf(core, work) ?? 0), 0);
    profile.outlook.expect(child, Math.max(core.now, begins) + startMs(core, profile) + runMs);
    works.forEach((work, at) => {
      work.state = "staging";
      work.child = child;
      work.index = at;
    });
    return child;
  });
  profile.used += packs.length;
  core.breaker(job).used += packs.length;
  core.jobs.set(job.name, job);
  return job;
}
