/** Processor time that this process has used, with all its threads, in microseconds. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** How old the peak may be, in milliseconds: asking costs as much as a trivial task. */
const FRESH_MS = 50;
let peak = 0;
let askedMs = Number.NEGATIVE_INFINITY;

/** Most memory that the process had so far, in bytes. */
export function peakBytes(nowMs: number): number {
  if (nowMs - askedMs >= FRESH_MS) {
    peak = process.resourceUsage().maxRSS * 1024;
    askedMs = nowMs;
  }
  return peak;
}
