/** What the size of the next pack depends on; times in milliseconds. */
export interface PackSizeInput {
  /** Tasks that are ready now. */
  readonly ready: number;
  /** Slots in all, taken or free. */
  readonly slots: number;
  /** Measured mean of one task; `undefined` for a function never seen. */
  readonly meanMs: number | undefined;
  /** What starting a child costs. */
  readonly startMs: number;
  /** How long a pack should take. */
  readonly targetMs: number;
  readonly maxTasks: number;
}

/** Below this share of its run time the start of a pack is not worth saving. */
const START_SHARE = 0.05;

/**
 * Tasks for the next pack, at least 1. Half of a slot's fair share at first, so that what is left can even out slots that turn out slower
 * (guided self-scheduling, C. Polychronopoulos and D. Kuck, 1987), but no smaller than what keeps the start below {@link START_SHARE}, never more than the fair
 * share while slots could idle, and never longer than the target.
 */
export function packSize(input: PackSizeInput): number {
  const { ready, slots, meanMs, startMs, targetMs, maxTasks } = input;
  if (meanMs === undefined || ready <= 1) return 1;
  const mean = Math.max(meanMs, 0.001);
  const fairShare = Math.ceil(ready / slots);
  const guided = Math.ceil(fairShare / 2);
  const worthStarting = Math.ceil(startMs / START_SHARE / mean);
  const size = Math.max(guided, Math.min(worthStarting, fairShare));
  return Math.max(1, Math.min(size, Math.floor(targetMs / mean), maxTasks));
}
