import type { ContainerHost } from "./container.ts";
import type { RunnerOptions } from "./options.ts";
import { ProcessHost } from "./process-host.ts";
import { SimulatedHost } from "./simulated-host.ts";
import { WarmHost } from "./warm-host.ts";

/** What runs the containers that options ask for. */
export function hostOf(runner: RunnerOptions, environment: Readonly<Record<string, string>>): ContainerHost {
  switch (runner.mode) {
    case "process":
      return new ProcessHost(runner.argv);
    case "warm":
      return new WarmHost(runner, environment);
    case "simulated":
      return new SimulatedHost(runner.run);
  }
}
