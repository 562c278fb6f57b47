/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Log-normal times in seconds with this mean; `sigma` is that of the logarithm. */
export function logNormal(count: number, mean: number, sigma: number, seed: number): number[] {
  const random = seeded(seed);
  const middle = Math.log(mean) - sigma ** 2 / 2;
  return Array.from({ length: count }, () => {
    // Box and Muller; 1 - random() is never 0.
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Number(Math.exp(middle + sigma * normal).toFixed(3));
  });
}

/**
 * When the last task ends, in seconds, if each starts, in the order given, on the slot that is free first and each holds its slot for the start of
 * a job and for its own time: one job per task, and nothing else costs anything.
 */
export function listSchedule(durations: readonly number[], slots: number, startSeconds: number): number {
  const free: number[] = new Array(Math.min(slots, durations.length)).fill(0);
  for (const duration of durations) {
    let first = 0;
    for (let slot = 1; slot < free.length; slot++) if ((free[slot] ?? 0) < (free[first] ?? 0)) first = slot;
    free[first] = (free[first] ?? 0) + startSeconds + duration;
  }
  return Math.max(0, ...free);
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
