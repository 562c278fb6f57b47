import { type AdapterError, isAdapterError, RETRYABLE } from "../../contracts/adapter-error.ts";
import { type BackOff, backOffMs, STORAGE_BACK_OFF } from "./back-off.ts";
import type { ShellHost } from "./host.ts";

/** Whether a failure passes by itself. */
export const passesByItself = (reason: unknown): reason is AdapterError =>
  isAdapterError(reason) && RETRYABLE.has(reason.code);

/** The same, or a permission is missing: somebody can grant it while others wait, and one that was taken away by mistake comes back. */
export const passesInTime = (reason: unknown): reason is AdapterError =>
  passesByItself(reason) || (isAdapterError(reason) && reason.code === "denied");

/** Options of {@link again}. */
export interface AgainOptions {
  /** Logged once, when it fails first. */
  readonly saying: string;
  /** Which failures are waited out. @default {@link passesByItself} */
  readonly passes?: (reason: unknown) => boolean;
  /** @default that of stores */
  readonly backOff?: BackOff;
  /** Ends the wait, beside the end of the engine that it must stand for too. @default that end alone */
  readonly signal?: AbortSignal;
}

/**
 * Repeats a call of the payload store or of the backend, with back-off and for as long as it takes; each repetition is counted.
 * @throws what does not pass, and the signal's reason
 */
export async function again<T>(host: ShellHost, work: () => Promise<T>, options: AgainOptions): Promise<T> {
  const { clock, counters, log, random } = host;
  const { saying, passes = passesByItself, backOff = STORAGE_BACK_OFF, signal = host.signal } = options;
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (reason) {
      signal.throwIfAborted();
      if (!passes(reason)) throw reason;
      counters.storageRetries += 1;
      if (failures === 1) log.warn(saying, { reason: reason instanceof Error ? reason.message : String(reason) });
      await clock.sleep(backOffMs(backOff, failures, random()), { signal });
    }
  }
}
