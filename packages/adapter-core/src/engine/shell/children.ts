import { isAdapterError, RETRYABLE } from "../../contracts/adapter-error.ts";
import type { Backend, BackendHint, ChildChange, ChildRef, JobName } from "../../contracts/backend.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import { outPrefix, outRoot, parseFrameKey } from "../../formats/keys.ts";
import { backOffMs, STORAGE_BACK_OFF } from "./back-off.ts";
import { FrameReader } from "./frame-reader.ts";
import type { FrameShelf } from "./frame-shelf.ts";
import type { ShellHost } from "./host.ts";
import type { Child, JobBook } from "./job-book.ts";
import type { Sweeper } from "./sweeper.ts";

const MOST_CANCEL_TRIES = 20;

/** Options of {@link Children}. */
export interface ChildrenOptions {
  readonly backend: Backend;
  readonly store: PayloadStore;
  readonly book: JobBook;
  readonly frames: FrameShelf;
  readonly sweeper: Sweeper;
  readonly managerId: string;
}

/**
 * The backend's side of the shell: submits, stops, and reports what became of children. What is reported of one child is in order: every
 * frame of it before its end.
 */
export class Children {
  readonly #host: ShellHost;
  readonly #options: ChildrenOptions;
  readonly #reader: FrameReader;
  #trouble = false;

  constructor(host: ShellHost, options: ChildrenOptions) {
    this.#host = host;
    this.#options = options;
    this.#reader = new FrameReader(host, options);
  }

  /** Listens to hints and asks for changes until the engine ends. Resolves then; never rejects. */
  async watch(): Promise<void> {
    const { clock, signal } = this.#host;
    const { backend, book } = this.#options;
    backend.watch((hint) => this.#hear(hint));
    for (;;) {
      try {
        await clock.sleep(backend.traits.pollMs, { signal });
      } catch {
        return;
      }
      try {
        const jobs = book.live().map((job) => job.spec.name);
        if (jobs.length > 0) await this.#poll(jobs);
        this.#trouble = false;
      } catch (reason) {
        if (signal.aborted) return;
        if (!this.#trouble)
          this.#host.log.warn("the backend could not be asked; trying again", { reason: String(reason) });
        this.#trouble = true;
      }
    }
  }

  /** Answers by `submitted`. */
  async submit(name: JobName): Promise<void> {
    const { tell, signal, log } = this.#host;
    const { backend, book } = this.#options;
    const job = book.get(name);
    if (job === undefined) {
      return tell({ type: "submitted", job: name, outcome: { ok: false, retry: true, message: "it was not staged" } });
    }
    try {
      await backend.submit(job.spec, { signal });
      job.live = true;
      tell({ type: "submitted", job: name, outcome: { ok: true } });
    } catch (reason) {
      if (signal.aborted) return;
      const message = reason instanceof Error ? reason.message : String(reason);
      const retry = isAdapterError(reason) && RETRYABLE.has(reason.code);
      log.warn("a job could not be submitted", { job: name, reason: message, retry });
      tell({ type: "submitted", job: name, outcome: { ok: false, retry, message } });
    }
  }

  /** Stops children; repeated until the backend takes it, for a slot depends on it. */
  async cancel(children: readonly ChildRef[], reason: string): Promise<void> {
    const { clock, log, random, signal } = this.#host;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#options.backend.cancel(children, reason, { signal });
      } catch (error) {
        if (signal.aborted) return;
        log.warn("children could not be stopped", { count: children.length, reason: String(error) });
        if (failures >= MOST_CANCEL_TRIES) return;
        await clock.sleep(backOffMs(STORAGE_BACK_OFF, failures, random()), { signal }).catch(() => {});
      }
    }
  }

  /** Stops single tasks. What fails here costs time only: their results are dropped when they come. */
  async revoke(child: ChildRef, tasks: readonly number[]): Promise<void> {
    try {
      await this.#options.backend.revoke?.(child, tasks, { signal: this.#host.signal });
    } catch (reason) {
      this.#host.log.debug("tasks could not be revoked", { ...child, reason: String(reason) });
    }
  }

  #hear(hint: BackendHint): void {
    if (this.#host.signal.aborted) return;
    if (hint.type === "changed") {
      for (const change of hint.changes) this.#change(change);
      return;
    }
    const child = this.#options.book.child(hint);
    if (hint.type === "frame") {
      if (child !== undefined) this.#frame(child, hint.key);
      else if (hint.key.startsWith(outRoot(this.#options.managerId))) this.#options.sweeper.delete([hint.key]);
      return;
    }
    if (child === undefined || child.over) return;
    const { task, taskAgeMs, rssBytes, cpuPercent, pid } = hint;
    child.progress = { task, taskAgeMs, rssBytes, cpuPercent, pid, at: this.#host.clock.now() };
  }

  async #poll(jobs: readonly JobName[]): Promise<void> {
    const { backend, store, managerId } = this.#options;
    const { signal } = this.#host;
    const changes = await backend.changes(jobs, { signal });
    if (backend.traits.pushes !== true) {
      // One listing for all jobs, before the ends that make listings of their own.
      for await (const { key } of store.list(outRoot(managerId), { signal })) this.#found(key);
    }
    for (const change of changes) this.#change(change);
  }

  #found(key: string): Child | undefined {
    const name = parseFrameKey(key);
    const child = name === undefined ? undefined : this.#options.book.child(name);
    if (child !== undefined && !child.frames.has(key)) this.#frame(child, key);
    return child;
  }

  #frame(child: Child, key: string): void {
    this.#next(child, () => this.#reader.read(child, key));
  }

  #change(change: ChildChange): void {
    const child = this.#options.book.child(change);
    if (child === undefined || child.over) return;
    if (change.state === "running") {
      if (child.running) return;
      child.running = true;
      this.#next(child, () => this.#host.tell({ type: "child", change }));
      return;
    }
    child.over = true;
    this.#next(child, async () => {
      if (!this.#reader.complete(child, change.attempt)) await this.#collect(child);
      this.#host.tell({ type: "child", change });
    });
  }

  /** Reads what the store has of a child and nobody told of: hints may be lost, and the last frames come with no hint at all. */
  async #collect(child: Child): Promise<void> {
    const { store, managerId } = this.#options;
    const { clock, log, random, signal } = this.#host;
    for (let failures = 1; ; failures += 1) {
      try {
        for await (const { key } of store.list(`${outPrefix(managerId, child.job)}${child.child}.`, { signal })) {
          await this.#reader.read(child, key);
        }
        return;
      } catch (reason) {
        signal.throwIfAborted();
        if (failures === 1) log.warn("results could not be listed; trying again", { reason: String(reason) });
        await clock.sleep(backOffMs(STORAGE_BACK_OFF, failures, random()), { signal });
      }
    }
  }

  /** What happens to a child happens one after another; at once when nothing is under way. */
  #next(child: Child, work: () => Promise<void> | void): void {
    const begun = child.chain === undefined ? this.#begin(work) : child.chain.then(work);
    if (begun === undefined) return;
    const chain = begun
      .catch((reason: unknown) => {
        if (!this.#host.signal.aborted) {
          this.#host.log.warn("a child's report was lost", {
            job: child.job,
            child: child.child,
            reason: String(reason),
          });
        }
      })
      .finally(() => {
        if (child.chain === chain) child.chain = undefined;
      });
    child.chain = chain;
  }

  #begin(work: () => Promise<void> | void): Promise<void> | undefined {
    return work() ?? undefined;
  }
}
