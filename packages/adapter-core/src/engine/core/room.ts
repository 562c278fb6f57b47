import { isOpen } from "./breaker.ts";
import { isEven, isSettled, meanOf } from "./function-times.ts";
import type { CoreState, Profile } from "./state.ts";
import type { Work } from "./work.ts";

/** Share of those that may wait at the backend below which more are sent: jobs are large, and the wait covers the way there. */
const REFILL = 1 / 3;

/** Share of the slots that goes ahead of them with a function that is not known: a few more than the runs it takes to know it, because ends are told in bursts. */
const LEARNING = 2 / 3;

/** Slots that are free now. Negative: so many children wait at the backend for one. */
export const freeSlots = (profile: Profile): number => profile.spec.slots - profile.used;

/**
 * Children that may be added now: one for each free slot, and beyond them those that wait at the backend for the first slot that is free (`ahead`). Where
 * tasks are packed, only as many go ahead before enough runs of their function are known as end until then, because a pack is as good as what it was sized by; and
 * none where tasks take the same time: then each slot gets its share at once, and what waits behind that would wait for all of it. None while only trials are made.
 */
export function roomFor(core: CoreState, profile: Profile, head: Work): number {
  return Math.max(0, freeSlots(profile) + aheadOf(core, profile, head));
}

/** Whether enough children wait at the backend, so that the next job can wait until it is larger. */
export function enoughWait(core: CoreState, profile: Profile, head: Work): boolean {
  const waiting = -freeSlots(profile);
  if (waiting < 0) return false;
  const mostAhead = aheadOf(core, profile, head);
  if (core.options.maxTasksPerPack > 1 && !isSettled(core, profile, head)) {
    // What follows the first that wait is sized by what is known when they run.
    return meanOf(core, head) !== undefined || waiting >= mostAhead;
  }
  return waiting > REFILL * mostAhead;
}

function aheadOf(core: CoreState, profile: Profile, head: Work): number {
  if (isOpen(core, profile, head)) return 0;
  const { ahead = 0 } = profile.spec;
  if (core.options.maxTasksPerPack === 1) return ahead;
  if (!isSettled(core, profile, head)) return Math.min(ahead, Math.ceil(LEARNING * profile.spec.slots));
  return isEven(core, profile, head) ? 0 : ahead;
}
