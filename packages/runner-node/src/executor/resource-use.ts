/** Processor time that this thread has used, in microseconds; before Node 23.9, which tells of the whole process only, that. */
export function cpuMicros(): number {
  const { user, system } = typeof process.threadCpuUsage === "function" ? process.threadCpuUsage() : process.cpuUsage();
  return user + system;
}

/** Most memory that the process had so far, in bytes. */
export const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;
