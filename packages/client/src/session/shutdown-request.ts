import { ClientError } from "../client-error.ts";
import { within } from "../deadline.ts";
import type { ClientClock } from "../outside/clock.ts";
import type { SchedulerPort } from "./ports.ts";

/** The request that the whole cluster ends, and its answer. */
export class ShutdownRequest {
  readonly #scheduler: SchedulerPort;
  readonly #clock: ClientClock;
  #answer: PromiseWithResolvers<boolean> | undefined;

  constructor(scheduler: SchedulerPort, clock: ClientClock) {
    this.#scheduler = scheduler;
    this.#clock = clock;
  }

  /** The scheduler was asked and has not answered. */
  get waiting(): boolean {
    return this.#answer !== undefined;
  }

  /** @returns whether the scheduler accepts @throws {ClientError} `unavailable` where it does not answer; what it is withdrawn with */
  async ask(timeoutMs: number): Promise<boolean> {
    this.#answer = Promise.withResolvers<boolean>();
    const { promise } = this.#answer;
    this.#scheduler.send({ kind: "clientDisconnect", disconnectType: "shutdown" });
    const late = (): never => {
      throw new ClientError("unavailable", `the scheduler did not answer the request to end within ${timeoutMs} ms`);
    };
    try {
      return await within(promise, timeoutMs, late, { clock: this.#clock });
    } finally {
      this.#answer = undefined;
    }
  }

  answered(accepted: boolean): void {
    this.#answer?.resolve(accepted);
  }

  /** Nobody waits for the answer any more. */
  withdraw(reason: ClientError): void {
    this.#answer?.reject(reason);
  }
}
