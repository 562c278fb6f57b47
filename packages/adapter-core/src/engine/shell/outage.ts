import type { Clock, Log } from "../../contracts/host.ts";

const REPEAT_MS = 30_000;

/** Says when the scheduler is reached, and that it is not once per outage and then every 30 s, however many workers try. */
export class Outage {
  readonly #clock: Clock;
  readonly #log: Log;
  #since: number | undefined;
  #saidAt = 0;
  #reached = false;
  #reason: string | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Why the last attempt failed, if any did. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** An attempt failed. */
  failed(reason: string): void {
    const now = this.#clock.now();
    this.#reason = reason;
    if (this.#since === undefined) {
      this.#since = now;
      this.#saidAt = now;
      this.#log.warn("the scheduler cannot be reached; trying again", { reason });
    } else if (now - this.#saidAt >= REPEAT_MS) {
      this.#saidAt = now;
      const seconds = Math.round((now - this.#since) / 1000);
      this.#log.warn("the scheduler still cannot be reached; trying again", { reason, seconds });
    }
  }

  /** A worker is connected. */
  over(): void {
    const first = !this.#reached;
    this.#reached = true;
    if (this.#since === undefined) {
      if (first) this.#log.info("connected to the scheduler");
      return;
    }
    const seconds = Math.round((this.#clock.now() - this.#since) / 1000);
    this.#since = undefined;
    this.#log.info(first ? "connected to the scheduler" : "the scheduler can be reached again", { seconds });
  }
}
