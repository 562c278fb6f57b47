/** Shape of a back-off, in milliseconds. */
export interface BackOff {
  /** Upper end of the first wait. */
  readonly baseMs: number;
  /** Upper end of every wait. */
  readonly maxMs: number;
}

/** Between attempts to reach the scheduler. */
export const LINK_BACK_OFF: BackOff = { baseMs: 100, maxMs: 10_000 };

/** Between attempts to reach a store or the object storage. */
export const STORAGE_BACK_OFF: BackOff = { baseMs: 100, maxMs: 5_000 };

/**
 * Milliseconds to wait before the next attempt: doubling, capped, spread over the upper half of its range so that many managers
 * which lost one scheduler together do not come back together.
 *
 * @param failures attempts that failed so far, from 1; 0 waits nothing
 * @param random a number in [0, 1)
 */
export function backOffMs(shape: BackOff, failures: number, random: number): number {
  if (failures <= 0) return 0;
  const top = Math.min(shape.maxMs, shape.baseMs * 2 ** Math.min(failures - 1, 64));
  return top / 2 + (top / 2) * random;
}
