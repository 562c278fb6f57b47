import { type AdapterError, isAdapterError, RETRYABLE } from "../../contracts/adapter-error.ts";
import type { EngineEffect } from "../core/effect.ts";
import type { WorkerId } from "../core/ids.ts";
import type { SchedulerLink, SchedulerNews, SchedulerPort } from "../ports.ts";
import { backOffMs, LINK_BACK_OFF } from "./back-off.ts";
import type { ShellHost } from "./host.ts";
import { Outage } from "./outage.ts";
import type { Ownership } from "./ownership.ts";

/** A connection that ended younger than this counts as a failed attempt, so that a scheduler that hangs up at once is not hammered. */
const STABLE_MS = 2_000;
const LEAVE_MS = 5_000;

/** A worker that the core wants connected. */
export interface OpenWorker {
  readonly worker: WorkerId;
  readonly session: number;
  readonly profile: string;
  readonly abort: AbortController;
  link: SchedulerLink | undefined;
}

/** Options of {@link Links}. */
export interface LinksOptions {
  readonly port: SchedulerPort;
  readonly ownership: Ownership;
  /** Told which scheduler was met, where that can be told. */
  readonly onScheduler: (identity: string) => void;
  /** Told what objects the scheduler takes away. */
  readonly dropObjects: (ids: readonly string[]) => void;
  /** Told of the first failure that will not pass by itself while nothing was ever connected. */
  readonly giveUp: (reason: AdapterError) => void;
}

/** Keeps one connection per worker that the core opened, and lets nothing of an older session pass. */
export class Links {
  readonly #host: ShellHost;
  readonly #options: LinksOptions;
  readonly #workers = new Map<WorkerId, OpenWorker>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #outage: Outage;
  #failures = 0;
  #everConnected = false;

  constructor(host: ShellHost, options: LinksOptions) {
    this.#host = host;
    this.#options = options;
    this.#outage = new Outage(host.clock, host.log);
  }

  /** Whether any worker was ever connected. */
  get everConnected(): boolean {
    return this.#everConnected;
  }

  /** Whether a worker is connected or connecting. */
  has(worker: WorkerId): boolean {
    return this.#workers.has(worker);
  }

  /** Why the last attempt to connect failed, if any did. */
  get lastFailure(): string | undefined {
    return this.#outage.reason;
  }

  /** The workers of a profile, in the order in which they were opened. */
  of(profile: string): OpenWorker[] {
    return [...this.#workers.values()].filter((worker) => worker.profile === profile);
  }

  /** The worker's connection, if this session's is up. */
  link(worker: WorkerId, session: number): SchedulerLink | undefined {
    const open = this.#workers.get(worker);
    return open?.session === session ? open.link : undefined;
  }

  open({ worker, session, profile }: Extract<EngineEffect, { type: "open" }>): void {
    this.#end(worker);
    const open: OpenWorker = { worker, session, profile, abort: new AbortController(), link: undefined };
    this.#workers.set(worker, open);
    this.#count();
    void this.#connect(open);
  }

  close({ worker, session, leave }: Extract<EngineEffect, { type: "close" }>): void {
    const open = this.#workers.get(worker);
    if (open?.session !== session) return;
    const link = open.link;
    open.link = undefined;
    this.#end(worker);
    if (link === undefined || !leave) {
      // Whoever comes next may still resume the id; if nobody does it is forgotten after a while.
      link?.close();
      return;
    }
    const left = this.#leave(link).finally(() => {
      this.#leaving.delete(left);
      this.#options.ownership.forget(worker);
    });
    this.#leaving.add(left);
  }

  /** Lets every connected worker say that it leaves. */
  leaveAll(): void {
    for (const { worker, session } of [...this.#workers.values()])
      this.close({ type: "close", worker, session, leave: true });
  }

  /** Resolves once every leave message under way is out. */
  async left(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  /** Ends everything without a word. */
  destroy(): void {
    for (const worker of [...this.#workers.keys()]) this.#end(worker);
  }

  async #leave(link: SchedulerLink): Promise<void> {
    const abort = new AbortController();
    const limit = this.#host.clock.sleep(LEAVE_MS, { signal: abort.signal }).catch(() => {});
    try {
      await Promise.race([link.leave({ signal: abort.signal }), limit]);
    } catch (reason) {
      this.#host.log.debug("a worker could not leave in order", { reason: String(reason) });
    } finally {
      abort.abort();
      link.close();
    }
  }

  #end(worker: WorkerId): void {
    const open = this.#workers.get(worker);
    if (open === undefined) return;
    this.#workers.delete(worker);
    open.abort.abort();
    open.link?.close();
    open.link = undefined;
    this.#count();
  }

  #current(open: OpenWorker): boolean {
    return this.#workers.get(open.worker) === open && !this.#host.signal.aborted;
  }

  async #connect(open: OpenWorker): Promise<void> {
    const { clock, random, tell } = this.#host;
    const signal = open.abort.signal;
    for (;;) {
      const seen = this.#failures;
      try {
        if (this.#failures > 0) await clock.sleep(backOffMs(LINK_BACK_OFF, this.#failures, random()), { signal });
        let upAt = 0;
        // Whoever comes after this process must know the id before the scheduler does.
        await this.#options.ownership.note(open.worker, open.profile);
        if (!this.#current(open)) return;
        const link = await this.#options.port.open(
          open.worker,
          {
            message: (news) => {
              if (this.#current(open)) this.#hear(open, news);
            },
            down: (reason, malformed) => {
              if (malformed) this.#host.counters.malformedFrames += 1;
              if (!this.#current(open)) return;
              this.#failures = clock.now() - upAt < STABLE_MS ? Math.max(1, this.#failures) : 0;
              this.#host.counters.brokenLinks += 1;
              this.#host.log.debug("a link broke", { worker: open.worker, reason });
              open.link = undefined;
              this.#workers.delete(open.worker);
              this.#count();
              tell({ type: "link-down", worker: open.worker, session: open.session, reason });
            },
          },
          { signal },
        );
        if (!this.#current(open)) return link.close();
        upAt = clock.now();
        open.link = link;
        this.#options.ownership.announces(open.worker);
        if (link.scheduler !== undefined) this.#options.onScheduler(link.scheduler);
        this.#everConnected = true;
        this.#failures = 0;
        this.#outage.over();
        this.#count();
        tell({ type: "link-up", worker: open.worker, session: open.session, scheduler: link.scheduler });
        return;
      } catch (reason) {
        if (!this.#current(open)) return;
        // Attempts under way together fail for one reason and count as one, or sixteen workers would back off to the limit at once.
        if (this.#failures === seen) this.#failures += 1;
        const passes = !isAdapterError(reason) || RETRYABLE.has(reason.code);
        if (!passes && !this.#everConnected) return this.#options.giveUp(reason);
        this.#outage.failed(reason instanceof Error ? reason.message : String(reason));
      }
    }
  }

  #hear(open: OpenWorker, news: SchedulerNews): void {
    const { worker, session } = open;
    const { tell, counters } = this.#host;
    switch (news.type) {
      case "task":
        tell({ type: "task", worker, session, task: news.task });
        break;
      case "cancel":
        tell({ type: "cancel", worker, session, taskId: news.taskId, force: news.force });
        break;
      case "echo":
        this.#options.ownership.heard(worker);
        tell({ type: "echo", worker, session });
        break;
      case "shutdown":
        tell({ type: "shutdown", worker, session });
        break;
      case "objects-deleted":
        this.#options.dropObjects(news.ids);
        break;
      case "unknown":
        counters.unknownMessages += 1;
        this.#host.log.debug("ignored a message", { what: news.what });
        break;
    }
  }

  #count(): void {
    let connected = 0;
    for (const { link } of this.#workers.values()) if (link !== undefined) connected += 1;
    this.#host.counters.connected = connected;
    this.#host.counters.workers = this.#workers.size;
  }
}
