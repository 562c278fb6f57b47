import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import type {
  Backend,
  BackendHint,
  BackendTraits,
  ChildChange,
  ChildRef,
  Failure,
  FoundJob,
  JobName,
  JobSpec,
  LiveJob,
} from "../contracts/backend.ts";
import type { Clock } from "../contracts/host.ts";
import type { PayloadStore } from "../contracts/payload-store.ts";
import { backgroundClock } from "../engine/shell/system-clock.ts";
import { decodeBundle } from "../formats/bundle.ts";
import { OpenCalls } from "../stores/open-calls.ts";
import { MemoryChild } from "./memory-child.ts";
import { type MemoryEntry, MemoryFleet } from "./memory-fleet.ts";
import { bundleOf, type MemoryOutcome, type MemoryTask } from "./memory-task.ts";

const JOB_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** What {@link MemoryBackend} needs. */
export interface MemoryBackendOptions {
  /** Where bundles are read and frames are put. */
  readonly store: PayloadStore;
  /** Runs one task in this process. One that throws ends its child with kind `exit`. */
  readonly run: (task: MemoryTask) => Promise<MemoryOutcome>;
  /** Changes single traits. @default 16 children, 64 KiB inline, pushes, revokes, no window */
  readonly traits?: Partial<BackendTraits>;
  /** Finished tasks that share a frame. @default 1 */
  readonly tasksPerFrame?: number;
  /** @default the real one */
  readonly clock?: Clock;
  /** Where its jobs live. Given: they outlive it, and another backend of the same fleet takes them over. @default its own, which ends with it */
  readonly fleet?: MemoryFleet;
}

const TRAITS: BackendTraits = {
  maxChildren: 16,
  inlineBytes: 64 * 1024,
  pushes: true,
  revokes: true,
  window: { quietMs: 0, maxMs: 0 },
  startMs: 0,
  pollMs: 1000,
};

/** Keeps the backend contract in this process: reads real bundles, runs a function per task, writes real frames. For tests and simulations. */
export class MemoryBackend implements Backend {
  readonly traits: BackendTraits;
  readonly #options: MemoryBackendOptions;
  readonly #clock: Clock;
  readonly #fleet: MemoryFleet;
  readonly #work = new Set<Promise<void>>();
  readonly #calls = new OpenCalls("the memory backend");
  #listener: (hint: BackendHint) => void = () => undefined;

  constructor(options: MemoryBackendOptions) {
    this.#options = options;
    this.#clock = options.clock ?? backgroundClock;
    this.#fleet = options.fleet ?? new MemoryFleet();
    this.traits = { ...TRAITS, ...(options.fleet && { outlives: true }), ...options.traits };
  }

  watch(listener: (hint: BackendHint) => void): void {
    this.#listener = listener;
    if (this.traits.pushes) this.#fleet.listeners.add(listener);
  }

  async submit(job: JobSpec, options?: AbortOptions): Promise<void> {
    await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      this.#check(job);
      if (this.#fleet.jobs.has(job.name)) return;
      const entries = this.#fleet.add(job, this.#clock.now());
      const work = this.#run(job, entries).finally(() => this.#work.delete(work));
      this.#work.add(work);
    });
  }

  async changes(jobs: readonly JobName[], options?: AbortOptions): Promise<readonly ChildChange[]> {
    return await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      return jobs.flatMap((job): ChildChange[] => {
        const entries = this.#fleet.jobs.get(job)?.entries;
        if (!entries)
          return [{ job, child: 0, state: "failed", attempt: 1, failure: { kind: "lost", reason: "no such job" } }];
        const changed = entries.filter((entry) => entry.unseen);
        for (const entry of changed) entry.unseen = false;
        return changed.map((entry) => entry.state);
      });
    });
  }

  async cancel(children: readonly ChildRef[], reason: string, options?: AbortOptions): Promise<void> {
    await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      for (const { job, child } of children)
        this.#fleet.jobs.get(job)?.entries[child]?.stop.abort({ kind: "cancelled", reason } satisfies Failure);
    });
  }

  async revoke(child: ChildRef, tasks: readonly number[], options?: AbortOptions): Promise<void> {
    await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      const entry = this.#fleet.jobs.get(child.job)?.entries[child.child];
      if (entry?.running) entry.running.revoke(tasks);
      else entry?.revoked.push(...tasks);
    });
  }

  async list(options?: AbortOptions): Promise<readonly LiveJob[]> {
    return await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      return this.#fleet.visible(this.#clock.now(), this.#delayMs()).flatMap(({ spec, entries }) => {
        return entries.some(isLive) ? [{ name: spec.name, children: entries.length }] : [];
      });
    });
  }

  async adopt(names: readonly JobName[], options?: AbortOptions): Promise<readonly FoundJob[]> {
    return await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      const wanted = new Set(names);
      const found = this.#fleet.visible(this.#clock.now(), this.#delayMs()).filter(({ spec }) => wanted.has(spec.name));
      for (const { entries } of found) for (const entry of entries) entry.unseen = true;
      return found.map(({ spec: { name, profile, runner, secret, payload }, entries }) => ({
        ...{ name, profile, runner, secret, payload },
        children: entries.length,
        live: entries.some(isLive),
      }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls.close(async () => {
      this.#fleet.listeners.delete(this.#listener);
      if (this.traits.outlives === true) return;
      for (const entry of [...this.#fleet.jobs.values()].flatMap(({ entries }) => entries)) {
        entry.stop.abort({ kind: "cancelled", reason: "the backend was closed" } satisfies Failure);
      }
      await Promise.allSettled(this.#work);
    });
  }

  #check(job: JobSpec): void {
    if (!JOB_NAME.test(job.name))
      throw new AdapterError("rejected", `job name ${JSON.stringify(job.name)}: not a plain name`);
    if (!Number.isInteger(job.children) || job.children < 1 || job.children > this.traits.maxChildren) {
      throw new AdapterError(
        "rejected",
        `job ${job.name}: ${job.children} children, expected 1 to ${this.traits.maxChildren}`,
      );
    }
    if (job.payload.kind === "inline" && job.payload.bundle.length > this.traits.inlineBytes) {
      const size = job.payload.bundle.length;
      throw new AdapterError(
        "too-large",
        `job ${job.name}: inline bundle of ${size} bytes, limit ${this.traits.inlineBytes}`,
      );
    }
  }

  async #run(job: JobSpec, entries: readonly MemoryEntry[]): Promise<void> {
    const bundle = this.#sections(job);
    await Promise.all(entries.map((entry) => this.#runChild(job, entry, bundle)));
  }

  async #sections(job: JobSpec): ReturnType<typeof decodeBundle> {
    return await decodeBundle(await bundleOf(this.#options.store, job), job.name, job.secret);
  }

  async #runChild(job: JobSpec, entry: MemoryEntry, bundle: ReturnType<typeof decodeBundle>): Promise<void> {
    const { child, stop } = entry;
    const ref = { job: job.name, child };
    this.#change(entry, { ...ref, state: "running", attempt: 1 });
    try {
      const section = (await bundle)[child];
      if (!section) throw new AdapterError("corrupt", `the bundle of ${job.name} has no section ${child}`);
      entry.running = new MemoryChild(job, section, {
        ...{ store: this.#options.store, clock: this.#clock, run: this.#options.run },
        tasksPerFrame: this.#options.tasksPerFrame ?? 1,
        onFrame: (key) => this.#hint({ type: "frame", ...ref, key }),
        onProgress: (task) =>
          this.#hint({ type: "progress", ...ref, task, taskAgeMs: 0, rssBytes: 0, cpuPercent: 0, pid: 0 }),
      });
      entry.running.revoke(entry.revoked);
      await entry.running.run(stop.signal);
      this.#change(entry, { ...ref, state: "succeeded", attempt: 1 });
    } catch (reason) {
      const failure: Failure = stop.signal.aborted ? stop.signal.reason : { kind: "exit", reason: String(reason) };
      this.#change(entry, { ...ref, state: "failed", attempt: 1, failure });
    }
  }

  #change(entry: MemoryEntry, state: ChildChange): void {
    entry.state = state;
    entry.unseen = true;
    this.#hint({ type: "changed", changes: [state] });
  }

  #hint(hint: BackendHint): void {
    if (this.traits.pushes) for (const listener of this.#fleet.listeners) listener(hint);
  }

  #delayMs(): number {
    return this.traits.visibilityDelayMs ?? 0;
  }
}

function isLive({ state }: MemoryEntry): boolean {
  return state.state === "running";
}
