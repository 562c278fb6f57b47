import { isOpen } from "./breaker.ts";
import { isEven, isSettled } from "./function-times.ts";
import type { CoreState, Profile } from "./state.ts";
import type { Work } from "./work.ts";

/** Share of those that may wait at the backend below which more are sent: jobs are large, and the wait covers the way there. */
const REFILL = 1 / 3;

/** Slots that are free now. Negative: so many children wait at the backend for one. */
export const freeSlots = (profile: Profile): number => profile.spec.slots - profile.used;

/**
 * Children that may be added now: one for each free slot, and beyond them those that wait at the backend for the first slot that is free (`ahead`). Where
 * tasks are packed, none goes ahead before enough runs of its function are known, because a pack is as good as what it was sized by, nor where tasks take the same
 * time: then each slot gets its share at once, and what waits behind that would wait for all of it. None while only trials are made.
 */
export function roomFor(core: CoreState, profile: Profile, head: Work): number {
  return Math.max(0, freeSlots(profile) + aheadOf(core, profile, head));
}

/** Whether enough children wait at the backend, so that the next job can wait until it is larger. */
export function enoughWait(core: CoreState, profile: Profile, head: Work): boolean {
  const waiting = -freeSlots(profile);
  return waiting > 0 && waiting > REFILL * aheadOf(core, profile, head);
}

function aheadOf(core: CoreState, profile: Profile, head: Work): number {
  if (isOpen(profile)) return 0;
  const packed = core.options.maxTasksPerPack > 1;
  const useful = !packed || (isSettled(core, profile, head) && !isEven(core, profile, head));
  return useful ? (profile.spec.ahead ?? 0) : 0;
}
