import { type AbortOptions, AdapterError, type Clock } from "@scaler-aws-hpc/adapter-core";
import { classifyAwsFailure, clockWasWrong, fromAws } from "./aws-failure.ts";

/** What goes first when calls have to wait. */
export type CallPriority = "submit" | "cancel" | "poll";

/** One call of the service. */
export interface GatedCall<T> {
  readonly priority: CallPriority;
  /** The permission it needs, for messages. */
  readonly action: string;
  /** What is tried, in words, for messages. */
  readonly doing: string;
  readonly run: () => Promise<T>;
}

/** Figures of {@link CallGate}. */
export interface GateCounters {
  /** Requests sent. */
  readonly calls: number;
  /** Those that were answered by "too many". */
  readonly throttled: number;
}

const ORDER: readonly CallPriority[] = ["submit", "cancel", "poll"];
/** One token of so many goes the other way round: a flood of submits must not hide for ever that jobs fail. */
const TRICKLE = 20;
const LEAST_PER_SECOND = 1;
// Throttling is answered by waiting, whatever it takes; a service that fails is asked a few times only.
const THROTTLE_TRIES = 30;
const TRANSIENT_TRIES = 4;
const SKEW_TRIES = 3;
const BACK_OFF_MS = 250;
const MOST_BACK_OFF_MS = 4_000;
const RENEW_EVERY_MS = 5_000;

interface Waiting {
  readonly enter: () => void;
}

/**
 * One token bucket for all calls of an account: submits before cancels before polls, never more than `perSecond`. "Too many requests" halves the rate at once,
 * each second without it adds one call a second again (AIMD): the limit belongs to the account, and others use it too.
 */
export class CallGate {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #renew: () => void;
  readonly #waiting: Readonly<Record<CallPriority, Set<Waiting>>> = {
    submit: new Set(),
    cancel: new Set(),
    poll: new Set(),
  };
  readonly #closing = new AbortController();
  #rate: number;
  #tokens: number;
  #filledAt: number;
  #slowedAt = Number.NEGATIVE_INFINITY;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #pumping = false;
  #calls = 0;
  #throttled = 0;

  /** @param renew makes clients with fresh credentials, when the old ones expired */
  constructor(clock: Clock, perSecond: number, renew: () => void) {
    this.#clock = clock;
    this.#most = perSecond;
    this.#renew = renew;
    this.#rate = perSecond;
    this.#tokens = perSecond;
    this.#filledAt = clock.now();
  }

  get counters(): GateCounters {
    return { calls: this.#calls, throttled: this.#throttled };
  }

  /** Calls a second that are allowed now. */
  get rate(): number {
    return this.#rate;
  }

  /** One request, not repeated but for throttling and expired credentials, which have no effect. Throws what the SDK threw. */
  async once<T>(call: Omit<GatedCall<T>, "action" | "doing">, options?: AbortOptions): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      await this.#enter(call.priority, options);
      try {
        this.#calls += 1;
        return await call.run();
      } catch (reason) {
        const kind = classifyAwsFailure(reason);
        if (options?.signal?.aborted || tries >= THROTTLE_TRIES) throw reason;
        if (kind === "throttled") {
          this.#slowDown();
          await this.#rest(tries, options);
        } else if ((kind === "denied" || kind === "expired") && clockWasWrong(reason) && tries < SKEW_TRIES) {
          // Refused before it had an effect; the next one is signed with the service's own time.
        } else if (kind === "expired" && this.#clock.now() - this.#renewedAt > RENEW_EVERY_MS) {
          this.#renewedAt = this.#clock.now();
          this.#renew();
        } else throw reason;
      }
    }
  }

  /** A request that may safely be repeated. @throws {AdapterError} */
  async call<T>(call: GatedCall<T>, options?: AbortOptions): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.once(call, options);
      } catch (reason) {
        const kind = classifyAwsFailure(reason);
        const again = (kind === "transient" || kind === "unreachable") && tries < TRANSIENT_TRIES;
        if (!again || options?.signal?.aborted || this.#closing.signal.aborted) {
          throw fromAws(reason, call.action, call.doing, options?.signal);
        }
        await this.#rest(tries, options);
      }
    }
  }

  /** Lets nothing through any more. */
  close(): void {
    this.#closing.abort(new AdapterError("unavailable", "the batch backend is closed"));
  }

  #slowDown(): void {
    this.#throttled += 1;
    this.#fill();
    // Requests that were under way together are one event.
    if (this.#clock.now() - this.#slowedAt < 500) return;
    this.#slowedAt = this.#clock.now();
    this.#rate = Math.max(LEAST_PER_SECOND, this.#rate / 2);
    this.#tokens = Math.min(this.#tokens, 0);
  }

  async #rest(tries: number, options?: AbortOptions): Promise<void> {
    const { signal } = options ?? {};
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    await this.#clock.sleep(Math.min(MOST_BACK_OFF_MS, BACK_OFF_MS * 2 ** (tries - 1)), { signal: stop });
  }

  #fill(): void {
    const now = this.#clock.now();
    const seconds = (now - this.#filledAt) / 1_000;
    this.#filledAt = now;
    this.#rate = Math.min(this.#most, this.#rate + seconds);
    this.#tokens = Math.min(this.#rate, this.#tokens + seconds * this.#rate);
  }

  async #enter(priority: CallPriority, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    this.#fill();
    if (this.#tokens >= 1 && ORDER.every((other) => this.#waiting[other].size === 0)) {
      this.#tokens -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const signal = options?.signal;
      const leave = (): void => {
        this.#waiting[priority].delete(waiting);
        signal?.removeEventListener("abort", onAbort);
        this.#closing.signal.removeEventListener("abort", onClose);
      };
      const waiting: Waiting = {
        enter: () => {
          leave();
          resolve();
        },
      };
      const onAbort = (): void => {
        leave();
        reject(signal?.reason);
      };
      const onClose = (): void => {
        leave();
        reject(this.#closing.signal.reason);
      };
      this.#waiting[priority].add(waiting);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#closing.signal.addEventListener("abort", onClose, { once: true });
      void this.#pump();
    });
  }

  #next(): Waiting | undefined {
    const order = this.#calls % TRICKLE === TRICKLE - 1 ? ORDER.toReversed() : ORDER;
    for (const priority of order) for (const waiting of this.#waiting[priority]) return waiting;
    return undefined;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        this.#fill();
        if (this.#tokens >= 1) {
          this.#tokens -= 1;
          next.enter();
        } else {
          await this.#clock.sleep(((1 - this.#tokens) / this.#rate) * 1_000 + 1, { signal: this.#closing.signal });
        }
      }
    } catch {
      // Closed: whoever waited has been told.
    } finally {
      this.#pumping = false;
    }
  }
}
