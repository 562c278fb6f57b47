import { WATCH_TIMES } from "@scaler-aws-hpc/backend-batch";
import { describe, expect, it } from "vitest";
import { lasting } from "../batch-emulator/index.ts";
import { BatchBed, type BatchBedOptions } from "./bed.ts";

/** On AWS' own scale of time, where nothing ends. */
const steady: BatchBedOptions = {
  emulator: {
    runner: { mode: "simulated", run: lasting(() => 600_000) },
    queues: [{ name: "emulator-queue", vcpus: 2_000 }],
    callsPerSecond: Number.POSITIVE_INFINITY,
  },
  options: { "batch-api-rate": 50 },
  times: WATCH_TIMES,
};

async function callsOf(bed: BatchBed, names: readonly string[], ms: number): Promise<Readonly<Record<string, number>>> {
  bed.emulator.resetCounts();
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await bed.backend.changes(names);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return bed.emulator.counts();
}

describe("while nothing happens", () => {
  it("1,000 single jobs cost at most one call a second", async () => {
    await using bed = await BatchBed.open(steady);
    const jobs = await Promise.all(Array.from({ length: 1_000 }, () => bed.submit()));
    const names = jobs.map(({ name }) => name);
    const counts = await callsOf(bed, names, 12_000);
    expect(Object.keys(counts)).toEqual(["DescribeJobs"]);
    expect(counts["DescribeJobs"]).toBeLessThanOrEqual(12);
    // In the end it has asked for each.
    await bed.until(names, () => bed.backend.status()["RUNNING"] === 1_000);
  });

  it("1,000 children of 10 arrays cost a call now and then", async () => {
    await using bed = await BatchBed.open(steady);
    const jobs = await Promise.all(Array.from({ length: 10 }, () => bed.submit({ children: 100 })));
    const counts = await callsOf(
      bed,
      jobs.map(({ name }) => name),
      12_000,
    );
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4);
    expect(bed.backend.status()).toEqual({ RUNNING: 1_000 });
  });
});

it("keeps below the rate that it was given, and halves it when it is throttled", async () => {
  await using bed = await BatchBed.open({
    emulator: { runner: { mode: "simulated", run: lasting(() => 60_000) }, callsPerSecond: 10 },
    options: { "batch-api-rate": 40 },
  });
  await Promise.all(Array.from({ length: 60 }, () => bed.submit()));
  expect(bed.emulator.jobs()).toHaveLength(60);
  const { throttled, calls } = bed.backend.counters;
  expect(throttled).toBeGreaterThan(0);
  // Refused calls are few beside those that were let through.
  expect(throttled / calls).toBeLessThan(0.5);
});

describe("jobs that wait for a machine", () => {
  const stuck: BatchBedOptions = { emulator: { runner: { mode: "simulated", run: lasting(() => 60_000) } } };

  it("are reported with the reason of AWS, and nothing is ended", async () => {
    await using bed = await BatchBed.open({
      ...stuck,
      runnable: { runnableDwellMs: 300, runnableTimeoutMs: undefined },
    });
    bed.emulator.stick("emulator-queue", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - it is too big");
    const [single, array] = [await bed.submit(), await bed.submit({ children: 2 })];
    const said = () => bed.lines.filter((line) => line.includes("jobs wait for a machine"));
    await bed.until([single.name, array.name], () => said().length > 0);
    expect(said()[0]).toContain("JOB_RESOURCE_REQUIREMENT");
    expect(bed.emulator.liveJobs()).toHaveLength(2);
    expect(bed.backend.status()).toEqual({ RUNNABLE: 3 });
    bed.emulator.stick("emulator-queue", undefined);
    await bed.until([single.name, array.name], () => bed.told.filter(({ state }) => state === "running").length === 3);
  });

  it("are given up after a time-out, where there is one", async () => {
    await using bed = await BatchBed.open({ ...stuck, runnable: { runnableDwellMs: 200, runnableTimeoutMs: 600 } });
    bed.emulator.stick("emulator-queue", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none left");
    const [over] = await bed.over(await bed.submit());
    expect(over).toMatchObject({ failure: { kind: "definition", reason: expect.stringContaining("INSUFFICIENT") } });
    expect(bed.emulator.liveJobs()).toEqual([]);
  });
});
