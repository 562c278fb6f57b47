import { hasOpen, isOpen, trialAt } from "./breaker.ts";
import { isEven, meanOf, runTimeOf } from "./function-times.ts";
import { packSize } from "./pack-size.ts";
import { enoughWait, freeSlots, roomFor } from "./room.ts";
import type { CoreState, Profile } from "./state.ts";
import type { Work } from "./work.ts";

/** How long after two tasks were there at once more are expected, in milliseconds. */
const STREAM_MS = 200;

/**
 * The share of a pack's run time that a free slot may wait for others to be freed: what it costs in the end, against a job for each slot. Tried in `testkit`'s
 * model with 1,000 tasks on 100 slots that all take one child each.
 */
const GATHER_SHARE = 0.12;

/**
 * Where a child holds a single task, a burst of freed slots is over when none was freed for this share of that time: the next one comes with another look at the
 * store, and the looks themselves are a tenth of the run time apart. Packs are worth the whole time: they are few, and each saves starts.
 */
const BURST_SHARE = 1 / 3;
const LARGE_BURST = 0.1;
/** A smaller share of the slots is not waited for. */
const FEW_ENDS = 0.05;
/** Longest pause, in milliseconds, between two results of one round of polling. */
const TELLING_MS = 10;

/**
 * When the next job of this profile is formed even if nothing else happens, or `undefined` when only an event can bring it.
 *
 * Two things are worth waiting for. **Tasks**, while slots are free for them: until none came for `quietMs`. **Slots**, while more tasks wait than there are slots
 * free: what a backend that is polled tells comes in bursts, and the slots of a burst go into one job. How long that may take follows the run time, and nothing
 * is waited for where no child is left that could end.
 */
export function windowEnd(core: CoreState, profile: Profile): number | undefined {
  const head = bestHead(core, profile);
  if (head === undefined) return undefined;
  if (isOpen(core, profile, head)) return core.now;
  const room = roomFor(core, profile, head);
  if (room === 0 || enoughWait(core, profile, head)) return undefined;
  const since = profile.gatheringSince ?? core.now;
  const free = freeSlots(profile);
  const forTasks = arrivalsEnd(core, profile, head, since, free > 0 ? free : room);
  // Where children wait at the backend for slots, those of a burst are taken up by them.
  const gathers = free > 0 && profile.ready > free && profile.live > 0 && core.options.backend.maxChildren > 1;
  if (!gathers) return forTasks;
  return Math.max(forTasks, slotsEnd(core, profile, head, since));
}

function slotsEnd(core: CoreState, profile: Profile, head: Work, since: number): number {
  const mostMs = gatherMs(core, profile, head);
  // Where it is known that hardly anybody else is about to end, what is being told at this moment is all there is to wait for.
  if (isEven(core, profile, head) && profile.outlook.endingBy(since + mostMs) < FEW_ENDS * profile.spec.slots) {
    return Math.min(since + mostMs, profile.freedAt + TELLING_MS);
  }
  if (packLimit(core, profile, head) > 1) return since + mostMs;
  const free = freeSlots(profile);
  // A tenth of all slots is a job worth its call: only what is being told at this moment is waited for.
  const quietMs = free >= LARGE_BURST * profile.spec.slots ? TELLING_MS : BURST_SHARE * mostMs;
  return Math.min(since + mostMs, profile.freedAt + quietMs);
}

function arrivalsEnd(core: CoreState, profile: Profile, head: Work, since: number, wanted: number): number {
  const { quietMs, maxMs } = core.options.backend.window;
  if (profile.ready >= wanted * fullPack(core, head)) return since;
  // In a stream of short tasks a job costs more than they do: the whole window is worth waiting. Long ones gain nothing from company.
  const mean = meanOf(core, head);
  const streaming = since - profile.lastCompanyAt < STREAM_MS && mean !== undefined && mean < maxMs;
  if (streaming) return since + maxMs;
  // The sooner it is known how long a function takes, the sooner its tasks are packed well; those that will wait at the backend have time.
  const unknownMs = freeSlots(profile) > 0 ? 2 * quietMs : maxMs;
  const mostMs = mean === undefined ? unknownMs : Math.max(quietMs, gatherMs(core, profile, head));
  return Math.min(profile.lastArrivalAt + quietMs, since + Math.min(maxMs, mostMs));
}

function gatherMs(core: CoreState, profile: Profile, head: Work): number {
  const { quietMs, maxMs } = core.options.backend.window;
  const mean = meanOf(core, head);
  if (mean === undefined) return Math.min(quietMs, maxMs);
  return Math.min(maxMs, GATHER_SHARE * mean * packLimit(core, profile, head));
}

/** Tasks that the next pack of this function may hold. @param share what a slot would get of all that are ready. @default an equal part */
export function packLimit(
  core: CoreState,
  profile: Profile,
  head: Work,
  share = Math.ceil(profile.ready / profile.spec.slots),
): number {
  const { options } = core;
  return packSize({
    share,
    slots: profile.spec.slots,
    runTime: runTimeOf(core, head),
    startMs: startMs(core, profile),
    targetMs: options.packTargetMs,
    maxTasks: options.maxTasksPerPack,
  });
}

/** What starting a child takes, in milliseconds. */
export function startMs(core: CoreState, profile: Profile): number {
  return core.startTimes.mean(profile.spec.name) ?? core.options.backend.startMs;
}

/** Tasks that a pack of this function would hold if enough were there. */
function fullPack(core: CoreState, work: Work): number {
  const mean = meanOf(core, work);
  if (mean === undefined) return 1;
  return Math.max(1, Math.min(core.options.maxTasksPerPack, Math.floor(core.options.packTargetMs / mean)));
}

/** When the next work that waits for a trial may be tried; `undefined` when none does, or only an event can tell. */
export function nextTrialAt(core: CoreState, profile: Profile): number | undefined {
  if (!hasOpen(profile)) return undefined;
  let next: number | undefined;
  for (const queue of profile.queues.values()) {
    const head = queue.peek();
    const at = head === undefined ? core.now : trialAt(core, profile, head);
    if (at > core.now && at < (next ?? Number.POSITIVE_INFINITY)) next = at;
  }
  return next;
}

/** The most urgent ready work of all clients that may be started; the oldest among equals. */
export function bestHead(core: CoreState, profile: Profile): Work | undefined {
  const trials = hasOpen(profile);
  let best: Work | undefined;
  for (const [source, queue] of profile.queues) {
    const head = queue.peek();
    if (head === undefined) {
      profile.queues.delete(source);
      continue;
    }
    if (trials && trialAt(core, profile, head) > core.now) continue;
    const wins =
      best === undefined ||
      head.task.priority > best.task.priority ||
      (head.task.priority === best.task.priority && head.order < best.order);
    if (wins) best = head;
  }
  return best;
}
