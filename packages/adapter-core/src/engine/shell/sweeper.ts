import type { PayloadStore } from "../../contracts/payload-store.ts";
import { backOffMs, STORAGE_BACK_OFF } from "./back-off.ts";
import type { ShellHost } from "./host.ts";

const MOST_AT_ONCE = 1_000;
const TRIES = 5;
/** How long a key may wait for others to share its request, where requests cost something. */
const GATHER_MS = 1_000;

/**
 * Deletes keys behind the work, many with one call, one call at a time. A key that cannot be deleted is left to the store's own sweep:
 * it costs space, nothing else.
 */
export class Sweeper {
  readonly #host: ShellHost;
  readonly #store: PayloadStore;
  readonly #gathers: boolean;
  readonly #waiting = new Set<string>();
  #flying: ReadonlySet<string> = new Set();
  #run: Promise<void> | undefined;
  #full: AbortController | undefined;
  #hurried = false;

  constructor(host: ShellHost, store: PayloadStore) {
    this.#host = host;
    this.#store = store;
    // Where bytes are worth compressing the store is remote, and each of its requests is paid for.
    this.#gathers = store.traits.compress;
  }

  /** Deletes keys, soon. */
  delete(keys: Iterable<string>): void {
    for (const key of keys) if (!this.#flying.has(key)) this.#waiting.add(key);
    if (this.#waiting.size >= MOST_AT_ONCE) this.#full?.abort();
    if (this.#waiting.size > 0) this.#run ??= this.#sweep();
  }

  /** Takes a key back if its deletion has not begun, else waits until that is over: it may be put again then. */
  async settled(key: string): Promise<void> {
    this.#waiting.delete(key);
    if (this.#flying.has(key)) await this.#run;
  }

  /** Resolves once nothing waits to be deleted. */
  async idle(): Promise<void> {
    this.#hurried = true;
    this.#full?.abort();
    while (this.#run !== undefined) await this.#run;
  }

  async #sweep(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        await this.#gather();
        if (this.#host.signal.aborted) return;
        const keys = [...this.#waiting].slice(0, MOST_AT_ONCE);
        for (const key of keys) this.#waiting.delete(key);
        this.#flying = new Set(keys);
        await this.#delete(keys);
      }
    } finally {
      this.#flying = new Set();
      this.#run = undefined;
    }
  }

  async #gather(): Promise<void> {
    // One turn later at least, so that the deletions of one turn share a call.
    await new Promise((resolve) => setImmediate(resolve));
    const { clock, signal } = this.#host;
    if (!this.#gathers || this.#hurried || signal.aborted || this.#waiting.size >= MOST_AT_ONCE) return;
    const full = new AbortController();
    this.#full = full;
    const end = (): void => full.abort();
    signal.addEventListener("abort", end, { once: true });
    await clock.sleep(GATHER_MS, { signal: full.signal }).catch(() => {});
    signal.removeEventListener("abort", end);
    this.#full = undefined;
  }

  async #delete(keys: readonly string[]): Promise<void> {
    const { clock, counters, log, random, signal } = this.#host;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#store.delete(keys);
      } catch (reason) {
        if (failures >= TRIES || signal.aborted) {
          return log.warn("objects of the payload store could not be deleted", {
            count: keys.length,
            reason: String(reason),
          });
        }
        counters.storageRetries += 1;
        await clock.sleep(backOffMs(STORAGE_BACK_OFF, failures, random()), { signal }).catch(() => {});
      }
    }
  }
}
