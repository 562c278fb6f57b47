import type { AbortOptions } from "../../contracts/abort-options.ts";
import type { Clock } from "../../contracts/host.ts";

// Node's timers overflow above this and would fire at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Real time. A pending sleep keeps the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, options) => wait(ms, true, options),
};

/** The time of day, in milliseconds since 1970: to be shown to people who look from other machines, never to decide by. */
export const timeOfDay = (): number => Date.now();

/** Real time for in-memory implementations that were given none: what they wait for keeps no process alive. */
export const backgroundClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, options) => wait(ms, false, options),
};

/** The one place of this package that starts timers. */
function wait(ms: number, keepsAlive: boolean, options?: AbortOptions): Promise<void> {
  const signal = options?.signal;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
      Math.min(Math.max(ms, 0), LONGEST_TIMER_MS),
    );
    if (!keepsAlive) timer.unref();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
