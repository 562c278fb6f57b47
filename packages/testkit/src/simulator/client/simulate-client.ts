import { setImmediate as turn } from "node:timers/promises";
import type { Coverage } from "../coverage.ts";
import type { RunResult, SimulateOptions } from "../simulate.ts";
import type { ClientSometimes } from "./client-sometimes.ts";
import { ClientWorld } from "./client-world.ts";
import { SimProgram } from "./sim-program.ts";

/** How a run of clients ended. */
export type ClientRunResult = Omit<RunResult, "coverage"> & { readonly coverage: Coverage<ClientSometimes> };

/** Virtual time after the last fault in which every program must have ended, in milliseconds. */
const PATIENCE_MS = 3_000_000;

/** Plays one seed: programs use the client's real code against a scheduler, links and a storage in memory until all have ended. */
export async function simulateClient(seed: number, options: SimulateOptions = {}): Promise<ClientRunResult> {
  const actions = options.tasks ?? 60;
  const world = new ClientWorld(seed, actions, options.echo);
  const { kernel, scenario } = world;
  const onRejection = (reason: unknown): void => threw(world, reason);
  process.on("unhandledRejection", onRejection);
  plan(world);
  const share = Math.ceil(actions / scenario.programs);
  const programs = Array.from({ length: scenario.programs }, () => new SimProgram(world, share));
  for (const program of programs) program.run().catch((reason: unknown) => threw(world, reason));
  planStalls(world, programs);
  try {
    await turn();
    while (step(world) && !programs.every(({ over }) => over)) {
      // Everything that is promised now happens now.
      await turn();
      if (kernel.now < scenario.faultsUntilMs + PATIENCE_MS) continue;
      const open = programs.flatMap(({ calls }) => calls.names).slice(0, 10);
      kernel.fail("settles", `a program does not end: ${open.join(", ")}`);
    }
    await turn();
    if (kernel.breach === undefined && !programs.every(({ over }) => over)) {
      kernel.fail("settles", `nothing happens any more: ${programs.flatMap(({ calls }) => calls.names).join(", ")}`);
    }
  } finally {
    process.off("unhandledRejection", onRejection);
  }
  return {
    seed,
    breach: kernel.breach,
    hash: kernel.trace.hash,
    events: kernel.trace.count,
    virtualMs: kernel.now,
    coverage: kernel.coverage,
    tail: kernel.trace.tail(),
  };
}

function step(world: ClientWorld): boolean {
  try {
    return world.kernel.step();
  } catch (reason) {
    threw(world, reason);
    return false;
  }
}

function threw({ kernel }: ClientWorld, reason: unknown): void {
  kernel.fail("throws", reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
}

function plan(world: ClientWorld): void {
  const { kernel, scenario } = world;
  const sometime = (): number => kernel.random.next() * scenario.faultsUntilMs;
  for (let count = 0; count < scenario.restarts; count += 1) kernel.at(sometime(), () => world.restart());
  for (let count = 0; count < scenario.blackHoles; count += 1) kernel.at(sometime(), () => world.blackHole());
  kernel.at(scenario.faultsUntilMs, () => {
    world.calm = true;
  });
}

function planStalls(world: ClientWorld, programs: readonly SimProgram[]): void {
  const { kernel, scenario } = world;
  for (let count = 0; count < scenario.stalls; count += 1) {
    kernel.at(kernel.random.next() * scenario.faultsUntilMs, () => {
      const { clock } = kernel.random.pick(programs);
      if (clock.stalledUntil > kernel.now) return;
      const ms = kernel.random.spread(100, 120_000);
      kernel.seen(ms > scenario.silenceMs ? "program stood still beyond the silence allowed" : "program stood still");
      clock.stalledFrom = kernel.now;
      clock.stalledUntil = kernel.now + ms;
    });
  }
}
