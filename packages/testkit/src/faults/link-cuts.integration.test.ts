import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ChildProgram } from "../scaler/index.ts";
import { FaultBed, type FaultClient, until } from "./fault-bed.ts";
import { managerLog } from "./manager-log.ts";

const TASKS = 5_000;
// Three times what it takes with both cores busy elsewhere.
const LIMIT_MS = 240_000;
// Two slots: some 15 s of work, more than the scheduler needs to hand it out.
const LOAD = { tasks: TASKS, seconds: 0.006 };
const LOST = "lost a connection to the scheduler";
const RESUMED = "resumed a worker after a broken connection";
const STORAGE_BACK = "the object storage can be reached again";
/** What a resumption may take, and the first two waits of the back-off, in milliseconds. */
const RESUME_MS = 1_000 + 100 + 200;

describe.each([
  { name: "alone", nativeWorkers: 0, args: [] },
  // The time-out of a silent link is left at its default once, and shortened where that saves time only.
  { name: "beside two native workers", nativeWorkers: 2, args: ["--link-timeout", "8"] },
])("5,000 tasks, queue size 1,000, our manager $name", ({ nativeWorkers, args }) => {
  let bed: FaultBed;
  let manager: ChildProgram;
  let client: FaultClient;

  beforeEach(async () => {
    bed = await FaultBed.open({ nativeWorkers, queueSize: 1_000 });
    manager = await bed.manager({ args });
    client = await bed.client(LOAD);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(bed.logs());
    await bed[Symbol.asyncDispose]();
  });

  // One run for all of it: every cut finds the leftovers of those before it, and a run costs half a minute.
  it(
    "answers every task once whatever is done to its connections",
    async () => {
      await client.done(700);
      bed.link.cut("rst");
      await client.done(1_300);
      bed.storage.cut("rst");
      await client.done(1_900);
      bed.link.cut("fin");
      await client.done(2_500);
      bed.storage.cut("fin");
      await client.done(3_000);
      const resumed = managerLog(manager, RESUMED).map(({ fields }) => Number(fields.afterMs));
      const lost = managerLog(manager, LOST).length;

      bed.link.blackHole();
      bed.storage.blackHole();
      const begun = performance.now();
      await until("the silence is noticed", () => managerLog(manager, LOST).length > lost, 30_000);
      const noticedMs = performance.now() - begun;
      // The network stays away for a while longer: coming back takes more than one attempt.
      await sleep(2_000);
      bed.link.resume();
      bed.storage.resume();

      expect(await client.outcome(LIMIT_MS)).toEqual({ right: TASKS, wrong: [] });
      const record = await client.record();
      console.log(
        `resumed after ${resumed.join(", ")} ms, black hole noticed after ${Math.round(noticedMs)} ms, ` +
          `${record.ours} tasks ran here, ${record.native} on native workers`,
      );
      // Neither what had been submitted before a cut nor what was assigned again after it ran twice.
      expect(record).toMatchObject({ tasks: TASKS, repeatedByUs: [], repeated: [] });
      expect(record.ours).toBeGreaterThan(TASKS / 20);
      // The worker of the first cut may not have gone yet at the second one: then it is cut, and resumed, again.
      expect(resumed.length).toBeGreaterThanOrEqual(2);
      for (const afterMs of resumed) expect(afterMs).toBeLessThan(RESUME_MS);
      expect(managerLog(manager, STORAGE_BACK).length).toBeGreaterThanOrEqual(2);
    },
    LIMIT_MS,
  );
});
