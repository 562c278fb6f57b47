import type { Backend, BackendHint, ChildRef, JobName } from "../../contracts/backend.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import { outPrefix, outRoot } from "../../formats/keys.ts";
import { again, passesInTime } from "./again.ts";
import { backOffMs, STORAGE_BACK_OFF } from "./back-off.ts";
import { ChildReports } from "./child-reports.ts";
import { type FoundFrame, type FoundFrames, FrameListing } from "./frame-listing.ts";
import { FrameReader } from "./frame-reader.ts";
import type { FrameShelf } from "./frame-shelf.ts";
import type { ShellHost } from "./host.ts";
import type { Child, JobBook } from "./job-book.ts";
import type { Ownership } from "./ownership.ts";
import { Rounds } from "./rounds.ts";
import type { Strays } from "./strays.ts";
import type { Sweeper } from "./sweeper.ts";

const MOST_CANCEL_TRIES = 20;

/** Options of {@link Children}. */
export interface ChildrenOptions {
  readonly backend: Backend;
  readonly store: PayloadStore;
  readonly book: JobBook;
  readonly frames: FrameShelf;
  readonly sweeper: Sweeper;
  readonly strays: Strays;
  readonly ownership: Ownership;
  readonly managerId: string;
}

/** The backend's side of the shell: submits, stops, and has what became of children reported. */
export class Children {
  readonly #host: ShellHost;
  readonly #options: ChildrenOptions;
  readonly #listing: FrameListing;
  readonly #reports: ChildReports;
  readonly #rounds: Rounds;
  readonly #reader: FrameReader;

  constructor(host: ShellHost, options: ChildrenOptions) {
    this.#host = host;
    this.#options = options;
    const { backend, book, store, managerId, strays } = options;
    this.#listing = new FrameListing(host, {
      ...{ store, book, managerId },
      onStray: (key, job) => strays.frame(key, job),
    });
    this.#reader = new FrameReader(host, options);
    this.#reports = new ChildReports(host, {
      book,
      reader: this.#reader,
      find: (child) => this.#find(child),
      endsWithLast: backend.traits.pushes !== true,
      onHandedBack: ({ job, child }) => {
        if (backend.traits.retriesNatively === true) void this.cancel([{ job, child }], "its tasks were handed back");
      },
      onChange: (over) => this.#rounds.changed(over),
    });
    this.#rounds = new Rounds(host, {
      ...{ backend, book },
      list: () => this.#listing.fresh(),
      onChange: (change) => this.#reports.change(change),
      onFrames: (found) => void this.#read(found),
    });
  }

  /** Listens to hints and asks for changes until the engine ends. Resolves then; never rejects. */
  async watch(): Promise<void> {
    this.#options.backend.watch((hint) => this.#hear(hint));
    await this.#rounds.run();
  }

  /** Reports every frame that is there now. @returns how many results they hold. @throws {AdapterError} as `PayloadStore.list` */
  async readAll(): Promise<number> {
    await this.#read(await this.#listing.fresh());
    return this.#reader.results;
  }

  /** Answers by `submitted`. */
  async submit(name: JobName): Promise<void> {
    const { tell, signal, log } = this.#host;
    const { backend, book, ownership } = this.#options;
    const job = book.get(name);
    if (job === undefined) {
      return tell({ type: "submitted", job: name, outcome: { ok: false, retry: true, message: "it was not staged" } });
    }
    try {
      await ownership.sure();
      await backend.submit(job.spec, { signal });
      job.live = true;
      this.#rounds.changed();
      tell({ type: "submitted", job: name, outcome: { ok: true } });
    } catch (reason) {
      if (signal.aborted) return;
      const message = reason instanceof Error ? reason.message : String(reason);
      const retry = passesInTime(reason);
      log[retry ? "debug" : "warn"]("a job could not be submitted", { job: name, reason: message, retry });
      tell({ type: "submitted", job: name, outcome: { ok: false, retry, message } });
    }
  }

  /** Stops children; repeated until the backend takes it, for a slot depends on it. */
  async cancel(children: readonly ChildRef[], reason: string): Promise<void> {
    const { clock, log, random, signal } = this.#host;
    for (let failures = 1; ; failures += 1) {
      try {
        await this.#options.ownership.sure();
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
      for (const change of hint.changes) this.#reports.change(change);
      return;
    }
    const child = this.#options.book.child(hint);
    if (hint.type === "frame") {
      if (child !== undefined) void this.#reports.frame(child, { key: hint.key, size: 0 });
      else if (hint.key.startsWith(outRoot(this.#options.managerId))) this.#options.sweeper.delete([hint.key]);
      return;
    }
    if (child === undefined || child.over) return;
    const { task, taskAgeMs, rssBytes, cpuPercent, pid } = hint;
    child.progress = { task, taskAgeMs, rssBytes, cpuPercent, pid, at: this.#host.clock.now() };
  }

  /** Reads what a listing found, all at once; a child that is over looks for its frames itself. */
  async #read(found: FoundFrames): Promise<void> {
    const reads: Promise<void>[] = [];
    for (const [child, frames] of found) {
      if (!child.over) for (const frame of frames) reads.push(this.#reports.frame(child, frame));
    }
    await Promise.all(reads);
  }

  /** Frames of a child that nobody told of: hints may be lost, and the last frames may come with no hint at all. */
  async #find(child: Child): Promise<readonly FoundFrame[]> {
    const { store, managerId, backend } = this.#options;
    const { signal } = this.#host;
    const list = async (): Promise<readonly FoundFrame[]> => {
      // Children that end together share one listing, where listing is all there is.
      if (backend.traits.pushes !== true) return (await this.#listing.fresh()).get(child) ?? [];
      const frames: FoundFrame[] = [];
      const prefix = `${outPrefix(managerId, child.job)}${child.child}.`;
      for await (const { key, size } of store.list(prefix, { signal })) frames.push({ key, size });
      return frames;
    };
    return await again(this.#host, list, { saying: "results could not be listed; trying again", passes: () => true });
  }
}
