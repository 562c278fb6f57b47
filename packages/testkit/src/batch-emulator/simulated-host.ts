import type { Container, ContainerHost, ContainerSpec } from "./container.ts";

/** What stands for a container: resolves to its exit code. A killed one is told by the signal, and its code is no longer asked. */
export type Simulation = (spec: ContainerSpec, signal: AbortSignal) => Promise<number>;

/** Runs no process at all: thousands of children cost nothing but timers. */
export class SimulatedHost implements ContainerHost {
  readonly #simulation: Simulation;
  readonly #live = new Set<Container>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  async start(spec: ContainerSpec): Promise<Container> {
    const stop = new AbortController();
    const killed = new Promise<number>((resolve) =>
      stop.signal.addEventListener("abort", () => resolve(stop.signal.reason === "SIGTERM" ? 143 : 137), {
        once: true,
      }),
    );
    const ended = Promise.race([this.#simulation(spec, stop.signal).catch(() => 1), killed]);
    const container: Container = { pid: undefined, ended, kill: (signal) => stop.abort(signal) };
    this.#live.add(container);
    void ended.then(() => this.#live.delete(container));
    return container;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const container of this.#live) container.kill("SIGKILL");
  }
}

/** A container that takes so long and succeeds. */
export function lasting(durationMs: (spec: ContainerSpec) => number): Simulation {
  return (spec, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(0), durationMs(spec));
      signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    });
}
