import { AdapterError } from "../../contracts/adapter-error.ts";
import type { Clock } from "../../contracts/host.ts";
import type { EngineEffect } from "../core/effect.ts";
import type { EngineEvent } from "../core/event.ts";
import type { Decider } from "../ports.ts";

// Long enough for hundreds of events, short enough for sockets and heartbeats to get their turn.
const SLICE_MS = 8;
/** A reason of our own: timers are replaced often, and making the default reason costs more than the timer. */
const EARLIER = new Error("another timer replaced this one");

/**
 * The engine's one loop: events in, effects out, one timer. Events are applied in the order they came, at once when nothing else is being
 * applied, and a long queue lets other work pass every {@link SLICE_MS}.
 */
export class EventLoop {
  readonly #core: Decider;
  readonly #clock: Clock;
  readonly #perform: (effect: EngineEffect) => void;
  readonly #fail: (reason: AdapterError) => void;
  #queue: EngineEvent[] = [];
  #at = 0;
  #busy = false;
  #resuming = false;
  #ended = false;
  #wake: { readonly at: number; readonly abort: AbortController } | undefined;

  constructor(
    core: Decider,
    clock: Clock,
    perform: (effect: EngineEffect) => void,
    fail: (reason: AdapterError) => void,
  ) {
    this.#core = core;
    this.#clock = clock;
    this.#perform = perform;
    this.#fail = fail;
  }

  /** Hands an event to the core, now or as soon as those before it are done. Never throws; ignored after {@link end}. */
  tell(event: EngineEvent): void {
    if (this.#ended) return;
    this.#queue.push(event);
    if (!this.#busy && !this.#resuming) this.#drain();
  }

  /** Nothing is applied from now on. */
  end(): void {
    this.#ended = true;
    this.#queue = [];
    this.#wake?.abort.abort(EARLIER);
    this.#wake = undefined;
  }

  #drain(): void {
    this.#busy = true;
    const until = this.#clock.now() + SLICE_MS;
    try {
      while (this.#at < this.#queue.length) {
        const event = this.#queue[this.#at++];
        if (event === undefined) break;
        for (const effect of this.#core.apply(event, this.#clock.now())) this.#perform(effect);
        if (this.#ended) return;
        if (this.#at < this.#queue.length && this.#clock.now() > until) {
          this.#resuming = true;
          setImmediate(() => {
            this.#resuming = false;
            if (!this.#ended) this.#drain();
          });
          break;
        }
      }
      this.#compact();
      this.#arm();
    } catch (reason) {
      // State is unknown from here on: going on could answer a task twice or lose one.
      this.#fail(new AdapterError("internal", `the engine met a state it does not know: ${reason}`, { cause: reason }));
    } finally {
      this.#busy = false;
    }
  }

  #compact(): void {
    if (this.#at === this.#queue.length) {
      this.#queue = [];
      this.#at = 0;
    } else if (this.#at > 1_024) {
      this.#queue = this.#queue.slice(this.#at);
      this.#at = 0;
    }
  }

  /** A timer that is too early only costs one look, so it is left alone; only an earlier wish replaces it. */
  #arm(): void {
    const at = this.#core.nextWake();
    if (at === undefined || (this.#wake !== undefined && this.#wake.at <= at)) return;
    this.#wake?.abort.abort(EARLIER);
    const wake = { at, abort: new AbortController() };
    this.#wake = wake;
    this.#clock.sleep(Math.max(0, at - this.#clock.now()), { signal: wake.abort.signal }).then(
      () => {
        if (this.#wake !== wake) return;
        this.#wake = undefined;
        const due = this.#core.nextWake();
        if (due !== undefined && due <= this.#clock.now()) this.tell({ type: "tick" });
        else if (!this.#ended) this.#arm();
      },
      () => {},
    );
  }
}
