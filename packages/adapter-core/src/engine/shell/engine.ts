import { setMaxListeners } from "node:events";
import { AdapterError } from "../../contracts/adapter-error.ts";
import type { Clock } from "../../contracts/host.ts";
import { EngineCore } from "../core/engine-core.ts";
import type { Decider } from "../ports.ts";
import { type EngineStats, newCounters, statsOf } from "./counters.ts";
import type { EngineEnd, EngineOptions } from "./engine-options.ts";
import { EventLoop } from "./event-loop.ts";
import type { ShellHost } from "./host.ts";
import { keepManagerBeating } from "./manager-heartbeat.ts";
import { assemble, type Parts } from "./parts.ts";
import { Performer } from "./performer.ts";
import { systemClock } from "./system-clock.ts";

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
  readonly #core: Decider;
  readonly #host: ShellHost;
  readonly #loop: EventLoop;
  readonly #parts: Parts;
  readonly #performer: Performer;
  readonly #abort = new AbortController();
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
    this.#core = (options.decide ?? ((core, chance) => new EngineCore(core, chance)))(options.core, random);
    this.#loop = new EventLoop(
      this.#core,
      clock,
      (effect) => this.#performer.perform(effect),
      (reason) => this.#fail(reason),
    );
    this.#host = {
      ...{ clock, random, log: options.log },
      counters: newCounters(),
      signal: this.#abort.signal,
      tell: (event) => this.#loop.tell(event),
      fail: (reason) => this.#fail(reason),
    };
    this.#parts = assemble(options, this.#host);
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
    return statsOf(this.#host.counters, this.#core.stats?.());
  }

  /** Finishes what has started, starts nothing new, leaves; `finished` tells when. */
  drain(): void {
    this.#loop.tell({ type: "drain" });
  }

  /**
   * Drains for `graceMs` at most, then stops what still runs and leaves. Idle sooner ends sooner; a second call can only shorten the wait.
   * Resolves and rejects as {@link finished}.
   */
  stop(options: { readonly graceMs: number }): Promise<EngineEnd> {
    if (options.graceMs > 0) this.drain();
    void this.#stopAfter(options.graceMs);
    return this.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ graceMs: 0 }).catch(() => {});
  }

  #start(): void {
    const { heartbeatMs = 2_000, profiles } = this.#options.core;
    this.#background.push(this.#parts.children.watch(), this.#tellStats());
    this.#loop.tell({ type: "tick" });
    const report = {
      maxTaskConcurrency: profiles.reduce((sum, profile) => sum + profile.slots, 0),
      capabilities: Object.assign({}, ...profiles.map((profile) => profile.capabilities)) as Record<string, number>,
      workerManagerId: this.#options.workerManagerId,
    };
    this.#background.push(
      keepManagerBeating(this.#host, {
        port: this.#options.scheduler,
        heartbeatMs,
        report,
        profiles: this.#options.core.profiles,
      }),
    );
    if (this.#options.connectTimeoutMs !== undefined) void this.#limitConnect(this.#options.connectTimeoutMs);
  }

  async #finish(reason: EngineEnd["reason"]): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    const stats = this.stats();
    await this.#atMost(LAST_WORDS_MS, Promise.all([this.#parts.links.left(), this.#parts.sweeper.idle()]));
    await this.#close();
    this.#options.onStats?.({ ...stats, connected: 0 });
    this.#end.resolve({ reason, stats });
  }

  #fail(reason: AdapterError): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#options.log.error("the engine ends", { reason: reason.message });
    this.#loop.end();
    // Whatever went wrong here, the scheduler should not be left with peers that vanish.
    this.#parts.links.leaveAll();
    void this.#atMost(LAST_WORDS_MS, this.#parts.links.left())
      .then(() => this.#close())
      .finally(() => this.#end.reject(reason));
  }

  async #close(): Promise<void> {
    this.#loop.end();
    this.#parts.links.destroy();
    this.#abort.abort(new AdapterError("unavailable", "the engine has ended"));
    await Promise.allSettled(this.#background);
  }

  async #stopAfter(graceMs: number): Promise<void> {
    const { signal } = this.#abort;
    try {
      if (graceMs > 0) await this.#clock.sleep(graceMs, { signal });
      this.#loop.tell({ type: "stop" });
      await this.#clock.sleep(FORCED_MS, { signal });
      this.#options.log.warn("the end took too long: leaving without the backend's answers");
      await this.#finish("stopped");
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
