import { setTimeout as sleep } from "node:timers/promises";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";

/** How waiting is done; a test waits for nothing. */
export type Pause = (ms: number, options?: AbortOptions) => Promise<void>;

/** Rejects with the signal's own reason. */
export const pause: Pause = async (ms, options = {}) => {
  const { signal } = options;
  signal?.throwIfAborted();
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (reason) {
    throw signal?.aborted ? signal.reason : reason;
  }
};
