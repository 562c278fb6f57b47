import type { Backend, ChildChange, JobName } from "../../contracts/backend.ts";
import type { FoundFrames } from "./frame-listing.ts";
import type { ShellHost } from "./host.ts";
import type { Child, JobBook } from "./job-book.ts";
import { Pace } from "./pace.ts";

/** A reason of our own: rounds are hurried often, and making the default one costs more. */
const SOONER = new Error("the next round is due sooner");

/** Options of {@link Rounds}. */
export interface RoundsOptions {
  readonly backend: Backend;
  readonly book: JobBook;
  /** Lists frames; see `FrameListing.fresh`. */
  readonly list: () => Promise<FoundFrames>;
  readonly onChange: (change: ChildChange) => void;
  /** Begins to read what a listing found. */
  readonly onFrames: (found: FoundFrames) => void;
}

/**
 * Asks the backend for changes and the store for frames, at a pace that follows the work, and not at all while no job is live. A backend that is slow
 * to answer does not hold up the frames.
 */
export class Rounds {
  readonly #host: ShellHost;
  readonly #options: RoundsOptions;
  readonly #pace: Pace;
  #asking: Promise<void> | undefined;
  #wake = Promise.withResolvers<void>();
  #sleep: AbortController | undefined;
  readonly #trouble = new Set<string>();

  constructor(host: ShellHost, options: RoundsOptions) {
    this.#host = host;
    this.#options = options;
    this.#pace = new Pace(options.backend.traits);
  }

  /** Something happened: a job was submitted, or a child did something. `over`: the child that is over. */
  changed(over?: Child): void {
    if (over !== undefined) this.#pace.ran(over.busyMs, over.tasks.length);
    this.#pace.changed(this.#host.clock.now());
    this.#wake.resolve();
    this.#sleep?.abort(SOONER);
  }

  /** Goes on until the engine ends. Resolves then; never rejects. */
  async run(): Promise<void> {
    const { clock, signal } = this.#host;
    const onAbort = (): void => {
      this.#wake.resolve();
      this.#sleep?.abort(SOONER);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    let begunAt = clock.now();
    while (!signal.aborted) {
      await this.#until(begunAt);
      const jobs = this.#options.book.live().map((job) => job.spec.name);
      if (jobs.length === 0) {
        // Nothing is asked while nothing runs; a safety net for pushed changes goes on, for it costs nothing.
        this.#wake = Promise.withResolvers();
        if (!signal.aborted && this.#options.book.live().length === 0) await this.#wake.promise;
        begunAt = clock.now();
        continue;
      }
      begunAt = clock.now();
      await this.#round(jobs);
    }
  }

  /** Sleeps until the next round is due, which may come nearer meanwhile. */
  async #until(begunAt: number): Promise<void> {
    const { clock, signal } = this.#host;
    while (!signal.aborted) {
      const now = clock.now();
      const restMs = begunAt + this.#pace.periodMs(begunAt) - now;
      if (restMs <= 0) return;
      const sleep = new AbortController();
      this.#sleep = sleep;
      await clock.sleep(restMs, { signal: sleep.signal }).catch(() => {});
      this.#sleep = undefined;
    }
  }

  async #round(jobs: readonly JobName[]): Promise<void> {
    const { backend, list, onFrames } = this.#options;
    this.#asking ??= this.#ask(jobs).finally(() => {
      this.#asking = undefined;
    });
    if (backend.traits.pushes === true) return await this.#asking;
    await this.#try("the payload store could not be listed; trying again", async () => {
      onFrames(await list());
    });
  }

  async #ask(jobs: readonly JobName[]): Promise<void> {
    await this.#try("the backend could not be asked; trying again", async () => {
      const changes = await this.#options.backend.changes(jobs, { signal: this.#host.signal });
      for (const change of changes) this.#options.onChange(change);
    });
  }

  /** Says the first failure of a row of them; the next round tries again. */
  async #try(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#trouble.delete(what);
    } catch (reason) {
      if (this.#host.signal.aborted) return;
      this.#host.counters.storageRetries += 1;
      if (!this.#trouble.has(what)) this.#host.log.warn(what, { reason: String(reason) });
      this.#trouble.add(what);
    }
  }
}
