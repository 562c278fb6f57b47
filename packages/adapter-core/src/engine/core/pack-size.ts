import type { RunTime } from "./run-times.ts";

/** What the size of the next pack depends on; times in milliseconds. */
export interface PackSizeInput {
  /** Tasks that a slot would get if all that are ready were shared out now: see `Outlook.share`. */
  readonly share: number;
  /** Slots in all, taken or free. */
  readonly slots: number;
  /** What one task takes; `undefined` for a function never seen. */
  readonly runTime: Omit<RunTime, "runs"> | undefined;
  /** What starting a child costs. */
  readonly startMs: number;
  /** How long a pack should take. */
  readonly targetMs: number;
  readonly maxTasks: number;
}

/** Relative spread below which tasks count as equally long. */
const LEAST_SPREAD = 0.001;

/**
 * Tasks for the next pack, at least 1: never more than a slot's share of what is ready while slots could idle, and never longer than the target. All of
 * that share where tasks take the same time; the less of it, the further apart they are and the less a start costs, so that what is left evens the slots out.
 */
export function packSize(input: PackSizeInput): number {
  const { share, slots, runTime, startMs, targetMs, maxTasks } = input;
  if (runTime === undefined || share <= 1) return 1;
  const mean = Math.max(runTime.meanMs, 0.001);
  const spread = Math.max(LEAST_SPREAD, runTime.spreadMs / mean);
  // The slowest of the packs of k tasks takes about k + spread * tail * sqrt(k) means.
  const tail = Math.sqrt(2 * Math.log(Math.max(2, slots)));
  const size = Math.max(evenShare(share, spread * tail), worthStarting(share, spread * tail, startMs / mean));
  return Math.max(1, Math.min(size, share, Math.floor(targetMs / mean), maxTasks));
}

/** The largest pack of which even the slowest is over within the fair share (the idea of factoring, S. Flynn Hummel, E. Schonberg and L. Flynn, 1992). */
function evenShare(fairShare: number, tail: number): number {
  const root = (Math.sqrt(tail ** 2 + 4 * fairShare) - tail) / 2;
  return Math.round(root ** 2);
}

/** The pack that balances what the starts cost, start * share / k, against the slowest pack's delay, tail * sqrt(k) (C. Kruskal and A. Weiss, 1985). */
function worthStarting(fairShare: number, tail: number, start: number): number {
  return Math.round(((2 * start * fairShare) / tail) ** (2 / 3));
}
