import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BatchFaultBed } from "./batch-fault-bed.ts";
import { loseLease } from "./lost-lease.ts";
import { comeThroughStorm } from "./storm.ts";

const MANAGER = "AKIAEMULATEDMANAGER1";
const CONTAINER = "AKIAEMULATEDCONTAINER";
/** Longer than a second try alone takes to come to its end, shorter than five of them. */
const OUTAGE_MS = 2_000;

// These wait for most of their time: beside the others they cost little.
let storm: ReturnType<typeof comeThroughStorm>;
let lease: ReturnType<typeof loseLease>;
beforeAll(() => {
  storm = comeThroughStorm(100);
  lease = loseLease();
  for (const run of [storm, lease]) run.catch(() => undefined);
});

describe("faults of AWS in a run", () => {
  let bed: BatchFaultBed;
  beforeAll(async () => {
    bed = await BatchFaultBed.open({ queues: [{ name: "emulator-queue", type: "SPOT", vcpus: 100 }] });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(bed.logs());
    await bed.clear();
  });
  afterAll(() => bed?.[Symbol.asyncDispose]());

  it.each([
    [
      "may not store bundles nor read results",
      () => bed.s3.faults.add({ fault: "access-denied", operations: ["PutObject", "GetObject"], caller: MANAGER }),
    ],
    ["may not submit", () => bed.aws.faults.addCallRule({ fault: "access-denied", operations: ["SubmitJob"] })],
    [
      "has expired credentials",
      () => {
        bed.aws.faults.addCallRule({ fault: "expired-token" });
        bed.s3.faults.add({ fault: "expired-token", caller: MANAGER });
      },
    ],
  ])("a manager that %s for a while holds its tasks, and fails none", async (_, break_) => {
    const manager = await bed.manager("held", ["--tasks-per-job", "1"]);
    const client = await bed.client({ tasks: 20, seconds: 0.1 });
    await client.begun(5);
    break_();
    await sleep(OUTAGE_MS);
    bed.aws.faults.clear();
    bed.s3.faults.clear();
    expect(await client.outcome()).toEqual({ right: 20, wrong: [], failed: [] });
    expect((await client.record()).repeated).toEqual([]);
    expect((await manager.stop("SIGTERM", 20_000)).code).toBe(0);
  });

  it("runners that may not store results for a while cost retries, and fail no task", async () => {
    bed.s3.faults.add({ fault: "access-denied", operations: ["PutObject"], caller: CONTAINER });
    await bed.manager("runners", ["--tasks-per-job", "2"]);
    const client = await bed.client({ tasks: 6 });
    await sleep(2 * OUTAGE_MS);
    bed.s3.faults.clear();
    expect(await client.outcome()).toEqual({ right: 6, wrong: [], failed: [] });
  });
});

it("many faults at once: each future resolves rightly, and nothing is left", async () => {
  const { logs, happened, ...seen } = await storm;
  const expected = { outcome: { right: 100, wrong: [], failed: [] }, exit: { code: 0 }, left: [] };
  expect(seen, logs).toMatchObject(expected);
  expect(Object.keys(happened)).toEqual(expect.arrayContaining(["lost-response", "spot", "throttle", "twin"]));
});

it("a frozen manager whose jobs another one took over stops without touching them", async () => {
  const { text, ...seen } = await lease;
  expect(seen, text).toMatchObject({
    first: { code: 78 },
    terminated: 0,
    outcome: { right: 8, wrong: [], failed: [] },
    repeated: [],
    second: { code: 0 },
    left: [],
  });
  expect(text).toMatch(/\[conflict\] another manager with id frozen is alive on host .* \(process \d+\)/);
});
