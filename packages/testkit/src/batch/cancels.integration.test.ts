import type { ChildRef } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { lasting } from "../batch-emulator/index.ts";
import { BatchBed, type BatchBedOptions } from "./bed.ts";

const long: BatchBedOptions = { emulator: { runner: { mode: "simulated", run: lasting(() => 60_000) } } };
const kinds = (bed: BatchBed) =>
  bed.told.flatMap((change) => (change.state === "failed" ? [[change.child, change.failure.kind]] : []));
const refs = (job: string, ...children: number[]): ChildRef[] => children.map((child) => ({ job, child }));

describe("cancel", () => {
  it("ends a single job, waiting or running, and says so once", async () => {
    await using bed = await BatchBed.open(long);
    const early = await bed.submit();
    await bed.backend.cancel(refs(early.name, 0), "changed my mind");
    const late = await bed.submit();
    await bed.until([early.name, late.name], () =>
      bed.told.some(({ job, state }) => job === late.name && state === "running"),
    );
    await bed.backend.cancel(refs(late.name, 0), "enough");
    const ends = await bed.over(early, late);
    expect(ends.map((end) => (end.state === "failed" ? end.failure.kind : end.state))).toEqual([
      "cancelled",
      "cancelled",
    ]);
    expect(await bed.backend.changes([early.name, late.name])).toEqual([]);
    expect(bed.emulator.liveJobs()).toEqual([]);
  });

  it("ends one child and lets its siblings go on", async () => {
    await using bed = await BatchBed.open({
      emulator: { runner: { mode: "simulated", run: lasting(({ index }) => (index === 1 ? 60_000 : 500)) } },
    });
    const job = await bed.submit({ children: 3 });
    await bed.backend.cancel(refs(job.name, 1), "enough");
    const ends = await bed.over(job);
    expect(kinds(bed)).toEqual([[1, "cancelled"]]);
    expect(ends.filter(({ state }) => state === "succeeded").map(({ child }) => child)).toEqual([0, 2]);
  });

  it("ends an array with one request when nothing of it is wanted", async () => {
    await using bed = await BatchBed.open(long);
    const job = await bed.submit({ children: 200 });
    await bed.backend.cancel(refs(job.name, ...Array.from({ length: 150 }, (_, child) => child)), "a part");
    expect(bed.emulator.counts()).toMatchObject({ TerminateJobs: 3 });
    bed.emulator.resetCounts();
    await bed.backend.cancel(refs(job.name, ...Array.from({ length: 50 }, (_, at) => 150 + at)), "the rest");
    expect(bed.emulator.counts()).toMatchObject({ TerminateJob: 1 });
    const ends = await bed.over(job);
    expect(ends).toHaveLength(200);
    expect(kinds(bed).every(([, kind]) => kind === "cancelled")).toBe(true);
  });

  it("ends jobs one by one where the service has no bulk call, and asks for that once", async () => {
    await using bed = await BatchBed.open({ ...long, emulator: { ...long.emulator, bulk: false } });
    const jobs = await Promise.all([bed.submit(), bed.submit(), bed.submit(), bed.submit()]);
    await bed.backend.cancel(
      jobs.slice(0, 2).flatMap(({ name }) => refs(name, 0)),
      "enough",
    );
    await bed.backend.cancel(
      jobs.slice(2).flatMap(({ name }) => refs(name, 0)),
      "enough",
    );
    expect(bed.emulator.counts()).toMatchObject({ Unknown: 1, TerminateJob: 4 });
    await bed.over(...jobs);
  });

  it("does not mind what is over, unknown or not there", async () => {
    await using bed = await BatchBed.open();
    const job = await bed.submit();
    await bed.over(job);
    await bed.backend.cancel([...refs(job.name, 0, 7), ...refs("bed-never-was", 0)], "late");
    expect(await bed.backend.changes([job.name])).toEqual([]);
    expect(bed.emulator.counts()["TerminateJob"] ?? 0).toBe(0);
  });

  it("waits for a submit that is under way", async () => {
    await using bed = await BatchBed.open(long);
    const spec = bed.spec();
    const submitted = bed.backend.submit(spec);
    await Promise.all([submitted, bed.backend.cancel(refs(spec.name, 0), "at once")]);
    await bed.over(spec);
    expect(kinds(bed)).toEqual([[0, "cancelled"]]);
  });

  it("names the permission that is missing", async () => {
    await using bed = await BatchBed.open(long);
    const job = await bed.submit();
    bed.emulator.faults.addCallRule({ fault: "access-denied", operations: ["TerminateJob", "TerminateJobs"] });
    await expect(bed.backend.cancel(refs(job.name, 0), "enough")).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining("batch:TerminateJob"),
    });
    bed.emulator.faults.clear();
    await bed.backend.cancel(refs(job.name, 0), "enough");
    await bed.over(job);
  });
});
