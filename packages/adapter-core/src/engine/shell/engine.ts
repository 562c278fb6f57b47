import { setMaxListeners } from "node:events";
import { AdapterError, isAdapterError } from "../../contracts/adapter-error.ts";
import type { Clock } from "../../contracts/host.ts";
import { EngineCore } from "../core/engine-core.ts";
import type { EngineEvent } from "../core/event.ts";
import type { CoreOptions } from "../core/options.ts";
import type { Decider } from "../ports.ts";
import { type EngineStats, newCounters, statsOf } from "./counters.ts";
import type { EngineEnd, EngineOptions, StopOptions } from "./engine-options.ts";
import { EventLoop } from "./event-loop.ts";
import type { ShellHost } from "./host.ts";
import type { Lease } from "./lease.ts";
import { keepManagerBeating } from "./manager-heartbeat.ts";
import { assemble, type Parts } from "./parts.ts";
import { Performer } from "./performer.ts";
import { systemClock } from "./system-clock.ts";
import { type TakenOver, takeOver } from "./take-over.ts";

const STATS_MS = 1_000;
const LAST_WORDS_MS = 5_000;
/** What a forced end may take before the engine goes without the backend's answers. */
const FORCED_MS = 10_000;

/**
 * The manager at work: the deciding core, and the shell that performs what it decides.
 *
 * `open` starts it, `finished` tells how it ended. `stop` finishes what has started, then leaves; disposal stops at once. The backend and the
 * store are the caller's: dispose of them after the engine.
 */
export class Engine implements AsyncDisposable {
  /**
   * Settles when the engine has ended and everything it opened is closed. Rejects with an AdapterError: `unavailable` (not connected within
   * `connectTimeoutMs`), `config` or `incompatible` (the scheduler can never be reached like this), `internal` (a bug).
   */
  readonly finished: Promise<EngineEnd>;

  readonly #options: EngineOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #host: ShellHost;
  /** Not there before it is known what earlier processes left. */
  #core: Decider | undefined;
  #loop: EventLoop | undefined;
  readonly #parts: Parts;
  readonly #performer: Performer;
  readonly #abort = new AbortController();
  /** Ends the search for what earlier processes left, which may stop jobs, before the right to that is given away. */
  readonly #abortRecovery = new AbortController();
  #recovered: Promise<unknown> = Promise.resolve();
  readonly #end = Promise.withResolvers<EngineEnd>();
  readonly #background: Promise<void>[] = [];
  #ending = false;

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.finished = this.#end.promise;
    // Whoever opened the engine may look at `finished` only later.
    this.finished.catch(() => {});
    // Everything that waits listens to it: their number says nothing about a leak.
    setMaxListeners(0, this.#abort.signal);
    const clock = options.clock ?? systemClock;
    const random = options.random ?? Math.random;
    this.#clock = clock;
    this.#random = random;
    this.#host = {
      ...{ clock, random, log: options.log },
      counters: newCounters(),
      signal: this.#abort.signal,
      tell: (event) => this.#loop?.tell(event),
      fail: (reason) => this.#fail(reason),
    };
    this.#parts = assemble(options, this.#host, (reason) => this.#vanish(reason));
    this.#performer = new Performer(this.#host, this.#parts, (reason) => void this.#finish(reason));
  }

  /** Makes an engine and starts it; it connects from now on. */
  static open(options: EngineOptions): Engine {
    const engine = new Engine(options);
    engine.#start();
    return engine;
  }

  /** What it holds and has done. */
  stats(): EngineStats {
    return statsOf(this.#host.counters, this.#core?.stats?.(), this.#options.backend.status?.());
  }

  /** Finishes what has started, starts nothing new, leaves; `finished` tells when. */
  drain(): void {
    if (this.#loop === undefined) {
      if (this.#parts.lease !== undefined)
        this.#options.log.warn(
          "stopped before it was known what an earlier process left: its jobs go on, if there are any",
        );
      void this.#finish("drained");
    } else this.#loop.tell({ type: "drain" });
  }

  /**
   * Drains for `graceMs` at most, then stops what still runs, or hands it off, and leaves. Idle sooner ends sooner; a second call can only shorten the
   * wait. Resolves and rejects as {@link finished}.
   */
  stop(options: StopOptions): Promise<EngineEnd> {
    if (options.graceMs > 0) this.drain();
    void this.#stopAfter(options);
    return this.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ graceMs: 0 }).catch(() => {});
  }

  #start(): void {
    const { lease } = this.#parts;
    if (lease === undefined) this.#begin(this.#options.core, { type: "tick" });
    else void this.#takeOver(lease);
  }

  /** Becomes the manager of its id, and goes on with what the one before left. */
  async #takeOver(lease: Lease): Promise<void> {
    try {
      const inheritance = await lease.take();
      if (this.#ending) return;
      this.#background.push(lease.run());
      const recovering = takeOver(inheritance, lease, this.#parts.recovery, this.#options, this.#clock, {
        signal: this.#abortRecovery.signal,
      });
      this.#recovered = recovering.catch(() => {});
      const former = await recovering;
      if (this.#ending) return;
      this.#begin({ ...this.#options.core, jobPrefix: former.jobPrefix }, former.event);
      this.#background.push(this.#parts.strays.run());
      if (former.jobs > 0) await this.#readRemains(former);
    } catch (reason) {
      if (this.#ending) return;
      this.#fail(isAdapterError(reason) ? reason : new AdapterError("internal", `${reason}`, { cause: reason }));
    }
  }

  async #readRemains({ jobs, tasks, workers }: TakenOver): Promise<void> {
    const { log } = this.#options;
    let results: number | undefined;
    try {
      results = await this.#parts.children.readAll();
    } catch (reason) {
      // They are listed again soon.
      if (!this.#ending) log.warn("results of an earlier process wait", { reason: String(reason) });
    }
    if (this.#ending) return;
    const { epoch } = this.#host.counters;
    log.info("took over what an earlier process left", {
      jobs,
      tasks,
      ...(results !== undefined && { results }),
      workers,
      epoch,
    });
  }

  #begin(core: CoreOptions, first: EngineEvent): void {
    const {
      decide = (settings, chance) => new EngineCore(settings, chance),
      workerManagerId,
      scheduler,
    } = this.#options;
    const { heartbeatMs = 2_000, profiles } = core;
    const decider = decide(core, this.#random);
    this.#core = decider;
    this.#loop = new EventLoop(
      decider,
      this.#clock,
      (effect) => this.#performer.perform(effect),
      (reason) => this.#fail(reason),
    );
    this.#background.push(this.#parts.children.watch(), this.#tellStats());
    this.#loop.tell(first);
    const report = {
      maxTaskConcurrency: profiles.reduce((sum, profile) => sum + profile.slots, 0),
      capabilities: Object.assign({}, ...profiles.map((profile) => profile.capabilities)) as Record<string, number>,
      workerManagerId,
    };
    this.#background.push(keepManagerBeating(this.#host, { port: scheduler, heartbeatMs, report, profiles }));
    if (this.#options.connectTimeoutMs !== undefined) void this.#limitConnect(this.#options.connectTimeoutMs);
  }

  async #finish(reason: EngineEnd["reason"]): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#abortRecovery.abort(ended());
    const stats = this.stats();
    const keepWorkers = reason === "handed-off" || this.#loop === undefined;
    await this.#atMost(LAST_WORDS_MS, Promise.all([this.#recovered, this.#lastWords(keepWorkers)]));
    const released = this.#parts.lease?.release({ keepWorkers });
    if (released !== undefined) await this.#atMost(LAST_WORDS_MS, released);
    await this.#close();
    this.#options.onStats?.({ ...stats, connected: 0 });
    this.#end.resolve({ reason, stats });
  }

  /** Leaves, and leaves nothing behind unless the next process goes on with it. */
  async #lastWords(handsOff: boolean): Promise<void> {
    const { lease, links, sweeper, strays } = this.#parts;
    await links.left();
    if (lease !== undefined && !handsOff) {
      await strays.purge().catch((error: unknown) => {
        this.#options.log.warn("the payload store could not be cleared", { reason: String(error) });
      });
    }
    await sweeper.idle();
  }

  #fail(reason: AdapterError): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#options.log.error("the engine ends", { reason: reason.message });
    this.#loop?.end();
    this.#abortRecovery.abort(ended());
    // Whatever went wrong here, the scheduler should not be left with peers that vanish.
    const { links, lease } = this.#parts;
    links.leaveAll();
    void this.#atMost(LAST_WORDS_MS, Promise.all([this.#recovered, links.left()]))
      .then(() => lease && this.#atMost(LAST_WORDS_MS, lease.release({ keepWorkers: true })))
      .then(() => this.#close())
      .finally(() => this.#end.reject(reason));
  }

  /** Another process is the manager now: jobs, frames and workers are its own, so not a word is said. */
  #vanish(reason: AdapterError): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#options.log.error("the engine ends", { reason: reason.message });
    void this.#close().finally(() => this.#end.reject(reason));
  }

  async #close(): Promise<void> {
    this.#loop?.end();
    this.#parts.links.destroy();
    this.#abort.abort(ended());
    await Promise.allSettled(this.#background);
  }

  async #stopAfter({ graceMs, onExit = "terminate" }: StopOptions): Promise<void> {
    const { signal } = this.#abort;
    const handsOff = onExit === "hand-off" && this.#parts.lease !== undefined;
    try {
      if (graceMs > 0) await this.#clock.sleep(graceMs, { signal });
      if (this.#loop === undefined) return await this.#finish("stopped");
      this.#loop.tell({ type: handsOff ? "hand-off" : "stop" });
      await this.#clock.sleep(FORCED_MS, { signal });
      if (!this.#ending) this.#options.log.warn("the end took too long: leaving without the backend's answers");
      await this.#finish(handsOff ? "handed-off" : "stopped");
    } catch {
      // It ended in time.
    }
  }

  async #limitConnect(ms: number): Promise<void> {
    try {
      await this.#clock.sleep(ms, { signal: this.#abort.signal });
    } catch {
      return;
    }
    const { everConnected, lastFailure } = this.#parts.links;
    if (everConnected) return;
    const why = lastFailure === undefined ? "" : `: ${lastFailure}`;
    this.#fail(
      new AdapterError("unavailable", `no connection to the scheduler within ${Math.round(ms / 1000)} s${why}`),
    );
  }

  async #tellStats(): Promise<void> {
    if (this.#options.onStats === undefined) return;
    try {
      for (;;) {
        this.#options.onStats(this.stats());
        await this.#clock.sleep(STATS_MS, { signal: this.#abort.signal });
      }
    } catch {
      // It ended.
    }
  }

  /** Waits for what should be quick, and no longer. */
  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([work, this.#clock.sleep(ms, { signal: over.signal }).catch(() => {})]);
    } finally {
      over.abort();
    }
  }
}

function ended(): AdapterError {
  return new AdapterError("unavailable", "the engine has ended");
}
