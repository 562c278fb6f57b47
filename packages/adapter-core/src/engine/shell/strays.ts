import type { Backend, JobName, LiveJob } from "../../contracts/backend.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import { inPrefix, outRoot, parseFrameKey } from "../../formats/keys.ts";
import type { FrameShelf } from "./frame-shelf.ts";
import type { ShellHost } from "./host.ts";
import type { JobBook } from "./job-book.ts";
import { epochOf, type Ownership } from "./ownership.ts";
import type { SharedObjects } from "./shared-objects.ts";
import type { Sweeper } from "./sweeper.ts";

const SWEEP_MS = 60_000;
/** After the first sweeps only one of so many looks at what lies in the store: what this process stored it deletes itself. */
const STORE_EVERY = 10;
/** How long a job that is over for us may still be on its way out at the backend. */
const LEAVING_MS = 120_000;
const NAMES_SHOWN = 10;

/** Options of {@link Strays}. */
export interface StraysOptions {
  readonly backend: Backend;
  readonly store: PayloadStore;
  readonly book: JobBook;
  readonly frames: FrameShelf;
  readonly shared: SharedObjects;
  readonly sweeper: Sweeper;
  readonly ownership: Ownership;
  readonly managerId: string;
}

/**
 * Finds what nobody wants: jobs of this manager that the engine does not know (submitted by a process that is gone, or twice), and keys in the store
 * that belong to none. A submit that was under way when the process before ended may show late, so nothing is touched that was not there some time.
 */
export class Strays {
  readonly #host: ShellHost;
  readonly #options: StraysOptions;
  /** Jobs that were released, and when. */
  readonly #leaving = new Map<JobName, number>();
  /** Jobs that were stopped for being unknown: counted once. */
  #stopped = new Set<JobName>();
  /** Keys that belong to nothing, and since when that is known. */
  #suspects = new Map<string, number>();
  /** Jobs of which an earlier process left keys, and which the backend did not know: they may show late. */
  #late = new Set<JobName>();

  constructor(host: ShellHost, options: StraysOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** A frame of a job that is not in the book. */
  frame(key: string, job: JobName): void {
    const { frames, ownership } = this.#options;
    // Of a later epoch: another process is the manager by now, and these are results that it waits for.
    if (frames.has(key) || this.#late.has(job) || epochOf(job) > ownership.epoch) return;
    this.#options.sweeper.delete([key]);
  }

  /** A job is over. */
  released(job: JobName): void {
    this.#leaving.set(job, this.#host.clock.now());
  }

  /** Keys that an earlier process left and that belong to no job that was taken over. */
  expect(jobs: Iterable<JobName>, keys: Iterable<string>): void {
    const now = this.#host.clock.now();
    for (const job of jobs) this.#late.add(job);
    for (const key of keys) this.#suspects.set(key, now);
  }

  /** Sweeps until the engine ends. Resolves then; never rejects. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.#host;
    let troubled = false;
    let waitMs = Math.max(1_000, this.#patienceMs());
    for (let round = 0; ; round += 1) {
      try {
        await clock.sleep(waitMs, { signal });
        waitMs = SWEEP_MS;
        await this.#options.ownership.sure();
        const live = await this.#options.backend.list({ signal });
        await this.#stop(live);
        if (round < 2 || round % STORE_EVERY === 0) await this.#clean(live);
        troubled = false;
      } catch (reason) {
        if (signal.aborted) return;
        if (!troubled)
          log.warn("the backend could not be searched for strays; trying again", { reason: String(reason) });
        troubled = true;
      }
    }
  }

  /** At the end of a manager that takes nothing up again: whatever it has in the store goes. @throws {AdapterError} as the store */
  async purge(): Promise<void> {
    const { store, managerId, ownership, sweeper } = this.#options;
    await ownership.sure();
    for (const prefix of [inPrefix(managerId), outRoot(managerId)]) {
      for await (const { key } of store.list(prefix, { signal: this.#host.signal })) sweeper.delete([key]);
    }
  }

  #patienceMs(): number {
    return this.#options.backend.traits.visibilityDelayMs ?? 0;
  }

  async #stop(live: readonly LiveJob[]): Promise<void> {
    const { backend, book, ownership } = this.#options;
    const { clock, counters, log, signal } = this.#host;
    const before = clock.now() - Math.max(LEAVING_MS, this.#patienceMs());
    for (const [job, since] of this.#leaving) if (since < before) this.#leaving.delete(job);
    const isStray = ({ name }: LiveJob): boolean =>
      !book.has(name) && !this.#leaving.has(name) && epochOf(name) <= ownership.epoch;
    const strays = live.filter(isStray);
    const fresh = strays.filter(({ name }) => !this.#stopped.has(name));
    this.#stopped = new Set(strays.map(({ name }) => name));
    if (strays.length === 0) return;
    counters.orphans += fresh.length;
    if (fresh.length > 0) {
      const jobs = fresh.slice(0, NAMES_SHOWN).map(({ name }) => name);
      log.warn("stopping jobs that run for nobody", { count: fresh.length, jobs });
    }
    for (const { name, children } of strays) {
      const refs = Array.from({ length: children }, (_, child) => ({ job: name, child }));
      await backend.cancel(refs, "it runs for nobody", { signal });
    }
  }

  async #clean(live: readonly LiveJob[]): Promise<void> {
    const { store, managerId, sweeper } = this.#options;
    const { clock, signal } = this.#host;
    const now = clock.now();
    const running = new Set(live.map(({ name }) => name));
    const suspects = new Map<string, number>();
    for (const prefix of [inPrefix(managerId), outRoot(managerId)]) {
      for await (const { key } of store.list(prefix, { signal })) {
        if (this.#isKnown(key, running)) continue;
        const since = this.#suspects.get(key);
        if (since !== undefined && now - since >= this.#patienceMs()) sweeper.delete([key]);
        else suspects.set(key, since ?? now);
      }
    }
    this.#suspects = suspects;
    this.#late = new Set();
  }

  #isKnown(key: string, running: ReadonlySet<JobName>): boolean {
    const { book, frames, shared, managerId, ownership } = this.#options;
    const isKnownJob = (job: JobName): boolean => book.has(job) || running.has(job) || epochOf(job) > ownership.epoch;
    const frame = parseFrameKey(key);
    if (frame !== undefined) return frames.has(key) || isKnownJob(frame.job);
    const name = key.slice(inPrefix(managerId).length);
    return name.startsWith("objects/") ? shared.holds(key) : isKnownJob(name);
  }
}
