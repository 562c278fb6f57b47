import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultBed, type FaultClient, until } from "./fault-bed.ts";
import { managerLog } from "./manager-log.ts";

const RESTARTED = "the scheduler was restarted: its tasks are gone, what runs is stopped";
/** From the moment at which the new scheduler greets: reconnect with back-off, then two signals to each runner. */
const STOPPED_MS = 20_000;

describe("a scheduler that is killed and started again on its port", () => {
  let bed: FaultBed;

  beforeEach(async () => {
    bed = await FaultBed.open();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(bed.logs());
    await bed[Symbol.asyncDispose]();
  });

  it.each([
    { name: "alone", restart: () => bed.cluster.restartScheduler() },
    { name: "with its object storage", restart: () => bed.cluster.restartServers() },
  ])("$name: what it knew is stopped, and a fresh client is served", async ({ restart }) => {
    const manager = await bed.manager();
    // Both kinds of dead work: long tasks that run and ones that wait behind them.
    const long = await bed.client({ tasks: 50, seconds: 600 });
    await until("two long tasks run", async () => (await long.record()).ours === 2, 20_000);
    const { pids } = await long.record();
    await restart();
    await expectServed(await bed.client({ tasks: 300, seconds: 0.002 }), 300);
    await until("the long tasks are stopped", () => pids.length === 2 && !pids.some(isAlive), STOPPED_MS);
    expect(managerLog(manager, RESTARTED).length).toBeGreaterThan(0);
    expect(await long.record()).toMatchObject({ ours: 2, tasks: 2 });
    expect(manager.exit).toBeUndefined();
  });

  it("in the midst of short tasks: a fresh client is served", async () => {
    const manager = await bed.manager();
    const lost = await bed.client({ tasks: 2_000, seconds: 0.004 });
    await lost.done(500);
    await bed.cluster.restartScheduler();
    // It would go on submitting to the new scheduler, which takes tasks of clients that it does not know.
    lost.program.kill("SIGKILL");
    await expectServed(await bed.client({ tasks: 500, seconds: 0.002 }), 500);
    expect(manager.exit).toBeUndefined();
  });
});

async function expectServed(client: FaultClient, tasks: number): Promise<void> {
  expect(await client.outcome(60_000)).toEqual({ right: tasks, wrong: [] });
  expect(await client.record()).toMatchObject({ tasks, repeated: [] });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
