/** Monotonic milliseconds, the same in every process of a machine: `performance.now()` counts from each process's own beginning. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
