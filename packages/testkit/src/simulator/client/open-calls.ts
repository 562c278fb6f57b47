import type { Kernel } from "../kernel.ts";
import type { ClientSometimes } from "./client-sometimes.ts";
import type { ProgramClock } from "./program-clock.ts";

/** The promises that a program holds: each must settle, and some within a time. */
export class OpenCalls {
  readonly #kernel: Kernel<ClientSometimes>;
  readonly #clock: ProgramClock;
  readonly #open = new Set<string>();
  #count = 0;

  constructor(kernel: Kernel<ClientSometimes>, clock: ProgramClock) {
    this.#kernel = kernel;
    this.#clock = clock;
  }

  /** What has not settled. */
  get names(): readonly string[] {
    return [...this.#open];
  }

  /** How it settles. @param boundMs within which it must, beside the time that the program stands still; without end where not given */
  async watch<Value>(
    what: string,
    promise: PromiseLike<Value>,
    boundMs?: number,
  ): Promise<PromiseSettledResult<Value>> {
    this.#count += 1;
    const name = `${what} #${this.#count}`;
    this.#open.add(name);
    const began = this.#kernel.now;
    const late = (): void => {
      if (!this.#open.has(name)) return;
      const { stalledUntil, stalledFrom } = this.#clock;
      const stood = stalledUntil > began ? stalledUntil - Math.max(stalledFrom, began) : 0;
      const left = began + (boundMs ?? 0) + 3 * stood - this.#kernel.now;
      if (left > 0) this.#kernel.after(left, late);
      else this.#kernel.fail("settles", `${name} has not settled after ${this.#kernel.now - began} ms`);
    };
    if (boundMs !== undefined) this.#kernel.after(boundMs, late);
    const [outcome] = await Promise.allSettled([promise]);
    this.#open.delete(name);
    this.#kernel.log("settled", name, outcome.status);
    return outcome;
  }
}
