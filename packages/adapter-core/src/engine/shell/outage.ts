import type { Clock, Log } from "../../contracts/host.ts";

const REPEAT_MS = 30_000;

/** Says that the scheduler is out of reach once per outage and then every 30 s, however many workers try. */
export class Outage {
  readonly #clock: Clock;
  readonly #log: Log;
  #since: number | undefined;
  #saidAt = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** An attempt failed. */
  failed(reason: string): void {
    const now = this.#clock.now();
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
    if (this.#since === undefined) return;
    const seconds = Math.round((this.#clock.now() - this.#since) / 1000);
    this.#since = undefined;
    this.#log.info("the scheduler can be reached again", { seconds });
  }
}
