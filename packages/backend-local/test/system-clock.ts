import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "@scaler-aws-hpc/adapter-core";

const LONGEST_MS = 2 ** 31 - 1;

/** Real time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, options) {
    options?.signal?.throwIfAborted();
    try {
      await wait(Math.min(ms, LONGEST_MS), undefined, options?.signal ? { signal: options.signal } : {});
    } catch (reason) {
      throw options?.signal?.aborted ? options.signal.reason : reason;
    }
  },
};
