import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChildProgram, processTree } from "../scaler/index.ts";
import { FaultBed, type FaultClient, until } from "./fault-bed.ts";
import { managerLog } from "./manager-log.ts";

/**
 * The scheduler's own patience with a silent worker, shortened from 60 s so that the tests need not wait that long. It is still more than
 * a manager needs to come back.
 */
const WORKER_TIMEOUT_S = 10;
const GONE_MS = 10_000;

describe("a manager that hears signals", () => {
  let bed: FaultBed;
  let manager: ChildProgram;

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(bed.logs());
    await bed[Symbol.asyncDispose]();
  });

  async function open(schedulerArgs: readonly string[] = []): Promise<void> {
    bed = await FaultBed.open({ schedulerArgs });
    manager = await bed.manager();
  }

  /** The processes below the manager, once a task runs in each slot. */
  async function runners(client: FaultClient): Promise<number[]> {
    await until("both slots run", async () => (await client.record()).pids.length === 2, 20_000);
    return (await processTree(manager.pid)).filter(({ depth }) => depth > 0).map(({ pid }) => pid);
  }

  const gone = async (pids: readonly number[]): Promise<void> =>
    await until("no runner is left", async () => (await Promise.all(pids.map(isLive))).every((live) => !live), GONE_MS);

  describe("SIGKILL", () => {
    beforeEach(() => open(["-wt", String(WORKER_TIMEOUT_S)]));

    it("leaves no runner, and another manager gets its tasks by the scheduler's time-out", async () => {
      const tasks = 600;
      const client = await bed.client({ tasks, seconds: 0.02 });
      await client.done(100);
      const pids = await runners(client);
      manager.kill("SIGKILL");
      await gone(pids);
      await bed.manager();
      expect(await client.outcome()).toEqual({ right: tasks, wrong: [] });
      expect((await client.record()).tasks).toBe(tasks);
    });
  });

  describe("SIGSTOP for 20 s", () => {
    beforeEach(() => open());

    it("goes on where it stood, and runs nothing twice", async () => {
      const tasks = 1_200;
      const client = await bed.client({ tasks, seconds: 0.006 });
      await client.done(300);
      manager.kill("SIGSTOP");
      await sleep(20_000);
      manager.kill("SIGCONT");
      expect(await client.outcome()).toEqual({ right: tasks, wrong: [] });
      expect(await client.record()).toMatchObject({ tasks, repeated: [] });
    });
  });

  describe("SIGTERM and SIGINT", () => {
    beforeEach(() => open());

    it("finishes what has started and hands back the rest on SIGTERM, then ends with 0", async () => {
      const tasks = 60;
      const client = await bed.client({ tasks, seconds: 0.3 });
      await until("tasks run", async () => (await client.record()).tasks >= 4, 20_000);
      expect(await manager.stop("SIGTERM", 60_000)).toMatchObject({ code: 0, signal: null });
      const atEnd = await client.record();
      // Whatever had run by then has been answered: the next manager runs only the others.
      await bed.manager();
      expect(await client.outcome()).toEqual({ right: tasks, wrong: [] });
      expect(await client.record()).toMatchObject({ tasks, repeated: [] });
      expect(atEnd.tasks).toBeGreaterThanOrEqual(4);
      expect(managerLog(manager, "ended")).toMatchObject([{ fields: { reason: "drained" } }]);
    });

    it("ends at once on a second SIGTERM", async () => {
      const client = await bed.client({ tasks: 10, seconds: 600 });
      const pids = await runners(client);
      manager.kill("SIGTERM");
      await manager.waitForLog(/"draining"/);
      const begun = performance.now();
      expect(await manager.stop("SIGTERM", 15_000)).toMatchObject({ code: 0, signal: null });
      expect(performance.now() - begun).toBeLessThan(GONE_MS);
      await gone(pids);
    });

    it("ends with 130 on Ctrl-C", async () => {
      const tasks = 40;
      const client = await bed.client({ tasks, seconds: 0.05 });
      await client.outcome();
      expect(await manager.stop("SIGINT", 30_000)).toMatchObject({ code: 130, signal: null });
    });
  });
});

/** Not there, or a zombie that only waits to be read by its parent. */
async function isLive(pid: number): Promise<boolean> {
  return (await processTree(pid)).length > 0;
}
