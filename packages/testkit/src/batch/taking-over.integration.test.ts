import { describe, expect, it } from "vitest";
import { lasting } from "../batch-emulator/index.ts";
import { BatchBed, type BatchBedOptions, batchHost, openBackend } from "./bed.ts";

const long: BatchBedOptions = { emulator: { runner: { mode: "simulated", run: lasting(() => 60_000) } } };

describe("another process of the same manager", () => {
  it("lists what lives, in whatever state, and of this manager only", async () => {
    await using bed = await BatchBed.open({
      ...long,
      emulator: { ...long.emulator, queues: [{ name: "emulator-queue", vcpus: 2 }] },
    });
    const single = await bed.submit();
    const array = await bed.submit({ children: 4 });
    await bed.submit({ name: "other-1" });
    await using next = await openBackend(batchHost().host);
    await expect.poll(async () => (await next.list()).length).toBe(2);
    expect((await next.list()).toSorted((a, b) => a.children - b.children)).toEqual([
      { name: single.name, children: 1 },
      { name: array.name, children: 4 },
    ]);
    await next.cancel([{ job: single.name, child: 0 }], "nobody claimed it");
    await expect.poll(async () => await next.list()).toEqual([{ name: array.name, children: 4 }]);
  });

  it("lists a manager that is new with one call, in whatever state its jobs are", async () => {
    await using bed = await BatchBed.open({
      ...long,
      emulator: { ...long.emulator, queues: [{ name: "emulator-queue", vcpus: 2 }] },
    });
    for (let job = 0; job < 5; job += 1) await bed.submit();
    await bed.backend.cancel([{ job: (await bed.submit()).name, child: 0 }], "over at once");
    await expect.poll(async () => (await bed.backend.list()).length).toBe(5);
    bed.emulator.resetCounts();
    expect(await bed.backend.list()).toHaveLength(5);
    expect(bed.emulator.counts()).toEqual({ ListJobs: 1 });
  });

  it("takes jobs over with their secrets and inline bundles, and hears of their ends", async () => {
    await using bed = await BatchBed.open({ emulator: { runner: { mode: "simulated", run: lasting(() => 700) } } });
    const bundle = Buffer.from("a bundle that is small enough, with bytes \xff\xfe", "latin1");
    const inline = await bed.submit({ payload: { kind: "inline", bundle, store: bed.host.store } });
    const array = await bed.submit({ children: 3, attempts: 2 });
    await using next = await openBackend(batchHost().host);
    await expect.poll(async () => (await next.list()).length).toBe(2);
    const found = await next.adopt([inline.name, array.name, "bed-never-was"]);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({
      ...{ name: inline.name, children: 1, profile: "default", runner: "python", secret: inline.secret, live: true },
      payload: { kind: "inline", bundle },
    });
    expect(found).toContainEqual({
      ...{ name: array.name, children: 3, profile: "default", runner: "python", secret: array.secret, live: true },
      payload: { kind: "bundle", key: `v1/in/bed/${array.name}` },
    });
    const ends: unknown[] = [];
    await expect
      .poll(
        async () => {
          const changes = await next.changes([inline.name, array.name]);
          ends.push(...changes.filter(({ state }) => state === "succeeded"));
          return ends.length;
        },
        { timeout: 5_000 },
      )
      .toBe(4);
  });

  it("takes over what is over, with all that became of it", async () => {
    await using bed = await BatchBed.open();
    const job = await bed.submit();
    await bed.over(job);
    await using next = await openBackend(batchHost().host);
    expect(await next.adopt([job.name])).toMatchObject([{ name: job.name, live: false }]);
    await expect.poll(async () => await next.changes([job.name])).toMatchObject([{ state: "succeeded" }]);
  });

  it("leaves out jobs of its prefix that it did not make", async () => {
    await using bed = await BatchBed.open(long);
    const { BatchClient, SubmitJobCommand } = await import("@aws-sdk/client-batch");
    const client = new BatchClient({});
    const plain = { jobQueue: "emulator-queue", jobDefinition: "emulator-job" };
    await client.send(new SubmitJobCommand({ ...plain, jobName: "bed-foreign" }));
    const other = bed.spec({ name: "bed-renamed" });
    await bed.backend.submit(other);
    const { parameters } = bed.emulator.jobs().find(({ spec }) => spec.name === other.name)?.spec ?? {};
    await client.send(new SubmitJobCommand({ ...plain, jobName: "bed-copied", parameters: { ...parameters } }));
    client.destroy();
    await expect.poll(async () => (await bed.backend.list()).length).toBe(3);
    const found = await bed.backend.adopt(["bed-foreign", "bed-copied", "bed-renamed"]);
    expect(found.map(({ name }) => name)).toEqual(["bed-renamed"]);
    expect(bed.lines.filter((line) => line.startsWith("warn a job is not taken over"))).toHaveLength(2);
  });
});
