import type { RunTime } from "./run-times.ts";

/** What the size of the next pack depends on; times in milliseconds. */
export interface PackSizeInput {
  /** Tasks that are ready now. */
  readonly ready: number;
  /** Slots in all, taken or free. */
  readonly slots: number;
  /** What one task takes; `undefined` for a function never seen. */
  readonly runTime: RunTime | undefined;
  /** What starting a child costs. */
  readonly startMs: number;
  /** How long a pack should take. */
  readonly targetMs: number;
  readonly maxTasks: number;
}

/** Below this share of its run time the start of a pack is not worth saving. */
const START_SHARE = 0.05;

/**
 * Tasks for the next pack, at least 1: never more than a slot's fair share of what is ready while slots could idle, and never longer than the target. All of
 * that share where tasks take the same time; the less of it, the further apart they are, so that even the slowest of the packs is over when the rest would
 * be, and what is left evens the slots out (the idea of factoring, S. Flynn Hummel, E. Schonberg and L. Flynn, 1992). But no smaller than what keeps the start
 * below {@link START_SHARE}.
 */
export function packSize(input: PackSizeInput): number {
  const { ready, slots, runTime, startMs, targetMs, maxTasks } = input;
  if (runTime === undefined || ready <= 1) return 1;
  const mean = Math.max(runTime.meanMs, 0.001);
  const fairShare = Math.ceil(ready / slots);
  const worthStarting = Math.ceil(startMs / START_SHARE / mean);
  const size = Math.max(evenShare(fairShare, slots, runTime.spreadMs / mean), Math.min(worthStarting, fairShare));
  return Math.max(1, Math.min(size, Math.floor(targetMs / mean), maxTasks));
}

/**
 * The largest k for which the slowest of `slots` packs of k tasks, k + v sqrt(2 k ln slots) of their means for a relative spread v, is over within the fair share.
 */
function evenShare(fairShare: number, slots: number, spread: number): number {
  const tail = spread * Math.sqrt(2 * Math.log(Math.max(2, slots)));
  const root = (Math.sqrt(tail ** 2 + 4 * fairShare) - tail) / 2;
  return Math.min(fairShare, Math.round(root ** 2));
}
