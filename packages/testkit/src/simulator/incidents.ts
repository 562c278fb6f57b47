import type { Connection } from "./network.ts";
import type { World } from "./world.ts";

/** Puts everything that happens a few times a run somewhere into the time before the faults stop. */
export function planIncidents(world: World): void {
  const { incidents, faultsUntilMs } = world.scenario;
  const plan = (times: number, happen: (world: World) => void): void => {
    for (let time = 0; time < times; time += 1) {
      // The first moments matter as much as all the rest: ids are announced, queues fill.
      const { random } = world.kernel;
      const at = random.chance(0.3) ? random.spread(1, faultsUntilMs) : random.next() * faultsUntilMs;
      world.kernel.after(at, () => happen(world));
    }
  };
  plan(incidents.linkFaults, linkFault);
  plan(incidents.storms, (at) => storm(at, 20));
  plan(incidents.stalls, stall);
  plan(incidents.crashes, (at) => {
    at.shell.crashAfter = at.kernel.random.int(0, 60);
  });
  plan(incidents.handOffs, (at) => leave(at, "hand-off"));
  // A crash that has not come by then stays away.
  world.kernel.after(faultsUntilMs, () => {
    world.shell.crashAfter = -1;
  });
  plan(incidents.drains, (at) => leave(at, "drain"));
  plan(incidents.stops, (at) => leave(at, "stop"));
  plan(incidents.restarts, restart);
  plan(incidents.badDeployments, (at) => {
    at.imageBadUntil = at.kernel.now + at.kernel.random.spread(2_000, 40_000);
    at.kernel.log("bad deployment", "", at.imageBadUntil);
  });
  plan(incidents.lags, (at) => at.lag(at.kernel.random.spread(50, 20_000)));
  plan(incidents.shutdowns, shutdown);
  plan(incidents.clientDeaths, (at) => at.workload.dies());
  if (world.scenario.core.scaling === "follow") wish(world);
}

/** The scheduler's wishes for workers: erratic at first, all that there may be later. */
function wish(world: World): void {
  const { kernel, shell, scenario } = world;
  const most = scenario.core.workersPerProfile ?? 1;
  for (const { name } of scenario.core.profiles) {
    const workers = world.faulty ? kernel.random.int(0, most) : most;
    kernel.seen(workers < most ? "workers wished away" : "workers wished back");
    shell.run(() => shell.post({ type: "scale", profile: name, workers }));
  }
  kernel.after(world.faulty ? kernel.random.spread(500, 10_000) : 5_000, () => wish(world));
}

function linkFault(world: World): void {
  const { kernel, network } = world;
  const { random } = kernel;
  const all = network.connections().filter(({ worker }) => world.shell.workers.has(worker));
  if (all.length === 0) return;
  const hit = random.chance(0.5) ? all : [random.pick(all)];
  if (hit.length > 1) kernel.seen("all links cut at once");
  const dice = random.next();
  const each = (fault: (connection: Connection) => void): void => {
    for (const connection of hit) fault(connection);
  };
  if (random.chance(0.5)) {
    kernel.seen("partition");
    network.partitionedUntil = kernel.now + random.spread(100, 90_000);
    kernel.log("partition", "", network.partitionedUntil);
  }
  if (dice < 0.35) {
    kernel.seen("link reset");
    each((connection) => network.reset(connection));
  } else if (dice < 0.6) {
    kernel.seen("link closed by the scheduler");
    each((connection) => network.finish(connection));
  } else if (dice < 0.8) {
    kernel.seen("black hole");
    each((connection) => network.blackHole(connection, true));
  } else {
    kernel.seen("one-way loss");
    each((connection) => network.blackHole(connection, false));
  }
}

/** The scheduler wants tasks back, again and again. */
function storm(world: World, rounds: number): void {
  const held = world.held();
  if (held.length === 0 || rounds === 0) return;
  world.kernel.seen("balance storm");
  for (let count = Math.min(10, held.length); count > 0; count -= 1) {
    world.scheduler?.balanceCancel(world.kernel.random.pick(held));
  }
  world.kernel.after(world.kernel.random.spread(1, 300), () => storm(world, rounds - 1));
}

function stall(world: World): void {
  const { kernel, shell } = world;
  if (!shell.alive) return;
  const durationMs = kernel.random.spread(500, 100_000);
  if (durationMs > 61_000) kernel.seen("manager stalled beyond the worker's life");
  shell.stall(durationMs);
}

function leave(world: World, how: "drain" | "stop" | "hand-off"): void {
  const { shell, kernel } = world;
  shell.run(() => {
    if (shell.leaving !== "no") return;
    shell.leaving = how;
    if (how === "drain" && world.executions.live() > 0) kernel.seen("drained while tasks ran");
    shell.post({ type: how });
  });
}

function restart(world: World): void {
  if (world.scheduler === undefined) return;
  world.kernel.seen("scheduler restarted");
  world.endScheduler(world.kernel.random.spread(100, 90_000));
}

/** A client ends the cluster; somebody starts another one later. */
function shutdown(world: World): void {
  if (world.scheduler === undefined) return;
  world.scheduler.shutdown();
  world.endScheduler(world.kernel.random.spread(1_000, 20_000));
}
