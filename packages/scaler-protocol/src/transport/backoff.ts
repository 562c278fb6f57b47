/** Shape of a back-off: how long the first wait is and where the growth ends. */
export interface BackoffOptions {
  /** Upper end of the first delay, in milliseconds. @default 100 */
  readonly baseMs?: number;
  /** Upper end of every delay, in milliseconds. @default 10_000 */
  readonly maxMs?: number;
}

/**
 * Milliseconds to wait before the next try: doubling, capped, and spread over the upper half of its range, so that many
 * managers that lost one scheduler together do not come back together, and none comes back at once.
 *
 * Pure: the same arguments give the same delay.
 *
 * @param attempt failed tries so far, from 0
 * @param random a number in [0, 1), as `Math.random()` gives
 */
export function backoffDelayMs(attempt: number, random: number, options?: BackoffOptions): number {
  const base = options?.baseMs ?? 100;
  const cap = options?.maxMs ?? 10_000;
  // 2 ** 1024 is Infinity, and min() makes the cap of it: no attempt number overflows.
  const ceiling = Math.min(cap, base * 2 ** Math.max(0, attempt));
  return ceiling / 2 + (ceiling / 2) * random;
}
