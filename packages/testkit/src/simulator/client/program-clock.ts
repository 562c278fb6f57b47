import type { ClientClock } from "@scaler-aws-hpc/client/outside";
import type { Kernel } from "../kernel.ts";
import type { ClientSometimes } from "./client-sometimes.ts";

/** Thrown by listeners of a simulated program: what Node reports as uncaught. */
export class ListenersFault extends Error {}

/** Time as one program sees it. While the program stands still nothing of it runs; what was due runs afterwards. */
export class ProgramClock implements ClientClock {
  /** Timers that are set. */
  pending = 0;
  /** When the program stood still last. */
  stalledFrom = 0;
  stalledUntil = 0;
  readonly #kernel: Kernel<ClientSometimes>;

  constructor(kernel: Kernel<ClientSometimes>) {
    this.#kernel = kernel;
  }

  now(): number {
    return this.#kernel.now;
  }

  after(ms: number, action: () => void): () => void {
    this.pending += 1;
    let set = true;
    const stop = (): void => {
      if (set) this.pending -= 1;
      set = false;
    };
    this.run(ms, () => {
      if (!set) return;
      stop();
      action();
    });
    return stop;
  }

  every(ms: number, action: () => void): () => void {
    this.pending += 1;
    let set = true;
    const again = (): void => {
      if (!set) return;
      action();
      this.run(ms, again);
    };
    this.run(ms, again);
    return () => {
      if (set) this.pending -= 1;
      set = false;
    };
  }

  soon(action: () => void): void {
    this.pending += 1;
    this.run(0, () => {
      this.pending -= 1;
      action();
    });
  }

  /** Runs in the program, once it does not stand still. */
  run(ms: number, action: () => void): void {
    this.#kernel.after(ms, () => {
      const wait = this.stalledUntil - this.#kernel.now;
      if (wait > 0) return this.run(wait, action);
      try {
        action();
      } catch (reason) {
        if (!(reason instanceof ListenersFault)) throw reason;
        this.#kernel.seen("output listener threw");
      }
    });
  }
}
