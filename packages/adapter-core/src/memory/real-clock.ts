import type { AbortOptions } from "../contracts/abort-options.ts";
import type { Clock } from "../contracts/host.ts";

// What setTimeout can count; longer ones would fire at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine, for in-memory implementations that were given none. Its timers keep no process alive. */
export const realClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms: number, options?: AbortOptions): Promise<void> => {
    const signal = options?.signal;
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(ms, LONGEST_TIMER_MS),
      );
      timer.unref();
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};
