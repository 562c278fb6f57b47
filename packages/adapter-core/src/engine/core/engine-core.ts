import { formJobs } from "./batching.ts";
import type { EngineEffect } from "./effect.ts";
import type { EngineEvent } from "./event.ts";
import { onEcho } from "./heartbeats.ts";
import { onChild, onFetched, onFrame, onStaged, onSubmitted, stopAllJobs } from "./jobs.ts";
import { current, onLinkDown, onLinkUp, openWorkers } from "./links.ts";
import { afterStall, silentAt, tickLinks } from "./liveness.ts";
import type { CoreOptions } from "./options.ts";
import { recover } from "./recovering.ts";
import { isBusy, leave, owesFarewell, releaseResumed, tickUnclaimed } from "./releasing.ts";
import { onScale } from "./scaling.ts";
import { CoreState, type Counts } from "./state.ts";
import { drop, onCancel, onDelivered, onInspected, onTask, requeueDelayed } from "./tasks.ts";
import { nextTrialAt, windowEnd } from "./window.ts";

/** Clients without tasks are remembered this long, in milliseconds: most come back with the next one. */
const CLIENT_IDLE_MS = 60_000;
/** The core wakes once per heartbeat interval at least: a gap longer by this, in milliseconds, shows that the process itself stood still. */
const STALL_MS = 2_000;

/** What the core holds now, for the live line and for tests. */
export interface CoreStats extends Counts {
  readonly queued: number;
  readonly running: number;
  readonly unacknowledged: number;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly workers: number;
  readonly connected: boolean;
}

/**
 * The deciding part of the engine: events in, effects out. It owns all state and knows no clock, socket, file or SDK, so the same core runs for
 * real and, on virtual time, in a simulator that replays a seed exactly.
 */
export class EngineCore {
  readonly #core: CoreState;
  #started = false;
  #lastAt = 0;
  #reason: "drained" | "stopped" | "shutdown" = "drained";

  /** @param random gives numbers in [0, 1); the only source of chance (worker ids, jitter) */
  constructor(options: CoreOptions, random: () => number) {
    this.#core = new CoreState(options, random);
  }

  /** Takes one event into account. `now` is monotonic, in milliseconds. The first call, whatever its event, opens the workers. */
  apply(event: EngineEvent, now: number): EngineEffect[] {
    const core = this.#core;
    core.now = now;
    core.effects = [];
    if (core.finished) return core.effects;
    if (!this.#started) {
      this.#started = true;
      core.connectedAt = now;
      this.#lastAt = now;
      openWorkers(core);
    }
    const gapMs = now - this.#lastAt;
    const stalledMs = gapMs > core.options.heartbeatMs + STALL_MS ? gapMs : 0;
    this.#lastAt = now;
    if (stalledMs > 0) afterStall(core, stalledMs);
    this.#dispatch(event);
    if (core.finished) return core.effects;
    if (core.workers.size > 0 || core.works.size > 0) {
      formJobs(core);
      releaseResumed(core);
    }
    if (core.draining) this.#goOnDraining();
    return core.effects;
  }

  #dispatch(event: EngineEvent): void {
    const core = this.#core;
    switch (event.type) {
      case "tick":
        this.#tick();
        break;
      case "link-up": {
        const worker = current(core, event);
        if (worker !== undefined && worker.link === "connecting") onLinkUp(core, worker, event);
        break;
      }
      case "link-down": {
        const worker = current(core, event);
        if (worker !== undefined) onLinkDown(core, worker, event.reason);
        break;
      }
      case "echo": {
        const worker = current(core, event);
        if (worker?.link === "up") onEcho(core, worker);
        break;
      }
      case "task": {
        const worker = current(core, event);
        if (worker?.link === "up") {
          worker.newsAt = core.now;
          onTask(core, worker, event.task);
        }
        break;
      }
      case "cancel": {
        const worker = current(core, event);
        if (worker?.link === "up") {
          worker.newsAt = core.now;
          onCancel(core, worker, event.taskId, event.force);
        }
        break;
      }
      case "shutdown":
        if (current(core, event) !== undefined) {
          this.#reason = "shutdown";
          core.draining = true;
          core.emit({ type: "log", level: "info", message: "a client shut the cluster down" });
          stopAllJobs(core, "a client shut the cluster down");
        }
        break;
      case "inspected":
        onInspected(core, event);
        break;
      case "staged":
        onStaged(core, event);
        break;
      case "fetched":
        onFetched(core, event);
        break;
      case "submitted":
        onSubmitted(core, event);
        break;
      case "child":
        onChild(core, event);
        break;
      case "frame":
        onFrame(core, event);
        break;
      case "delivered":
        onDelivered(core, event);
        break;
      case "scale":
        onScale(core, event.profile, event.workers);
        break;
      case "drain":
        core.draining = true;
        break;
      case "recovered":
        recover(core, event);
        break;
      case "hand-off":
        this.#handOff();
        break;
      case "stop":
        core.draining = true;
        this.#reason = "stopped";
        stopAllJobs(core, "the manager stops");
        break;
    }
  }

  #tick(): void {
    const core = this.#core;
    tickLinks(core);
    tickUnclaimed(core);
    requeueDelayed(core);
    for (const client of core.clients.values()) {
      if (client.works > 0 || core.now - client.idleSince < CLIENT_IDLE_MS) continue;
      core.clients.delete(client.source);
      core.emit({ type: "forget-client", source: client.source });
    }
  }

  /** Ends in the middle of everything, as if it were killed, but with what was sent on its way: the next process goes on from there. */
  #handOff(): void {
    const core = this.#core;
    for (const { id, session } of core.workers.values()) {
      core.emit({ type: "close", worker: id, session, leave: false });
    }
    core.finished = true;
    core.emit({ type: "finished", reason: "handed-off" });
  }

  /** Leaves once everything that has started is answered and acknowledged; what never started is assigned elsewhere. */
  #goOnDraining(): void {
    const core = this.#core;
    for (const worker of core.workers.values()) {
      const busy = isBusy(worker);
      // A scheduler that ends hears nobody.
      const waits = this.#reason !== "shutdown" && owesFarewell(core, worker);
      if (!busy && !waits) leave(core, worker);
    }
    if (core.workers.size > 0) return;
    // Nobody is left who could claim anything: what runs is stopped, and what is stored is deleted.
    for (const work of [...core.works.values()]) drop(core, work);
    if (core.jobs.size > 0) return;
    core.finished = true;
    core.emit({ type: "finished", reason: this.#reason });
  }

  /** When `apply` wants a tick, in the clock of `now`; `undefined` when finished. */
  nextWake(): number | undefined {
    const core = this.#core;
    if (core.finished) return undefined;
    let at = core.now + core.options.heartbeatMs;
    for (const worker of core.workers.values()) {
      if (worker.link !== "up") continue;
      const due = worker.outstandingSince === undefined ? worker.nextHeartbeatAt : silentAt(core, worker);
      if (due < at) at = due;
    }
    for (const profile of core.profiles.values()) {
      if (profile.gatheringSince !== undefined) at = Math.min(at, windowEnd(core, profile) ?? at);
      at = Math.min(at, nextTrialAt(core, profile) ?? at);
    }
    at = Math.min(at, core.delayedUntil);
    if (core.unclaimedUntil !== undefined) at = Math.min(at, core.unclaimedUntil);
    return Math.max(at, core.now);
  }

  /** What is held now, and what was done so far. */
  stats(): CoreStats {
    const core = this.#core;
    let queued = 0;
    let running = 0;
    let unacknowledged = 0;
    for (const work of core.works.values()) {
      if (work.state === "bundled") running += 1;
      else if (work.state === "finished") unacknowledged += 1;
      else queued += 1;
    }
    let slots = 0;
    let slotsUsed = 0;
    for (const profile of core.profiles.values()) {
      slots += profile.spec.slots;
      slotsUsed += profile.used;
    }
    const connected = [...core.workers.values()].some((worker) => worker.link === "up");
    const failures = { ...core.counts.failures };
    return {
      ...core.counts,
      failures,
      queued,
      running,
      unacknowledged,
      slots,
      slotsUsed,
      workers: core.workers.size,
      connected,
    };
  }
}
