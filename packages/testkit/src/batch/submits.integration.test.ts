import { describe, expect, it } from "vitest";
import { lasting } from "../batch-emulator/index.ts";
import { BatchBed, type BatchBedOptions } from "./bed.ts";

const long: BatchBedOptions = { emulator: { runner: { mode: "simulated", run: lasting(() => 60_000) } } };
const named = (bed: BatchBed, name: string) => bed.emulator.jobs().filter((job) => job.spec.name === name);

describe("submit", () => {
  it("is the same job however often its name is submitted, at once or later", async () => {
    await using bed = await BatchBed.open(long);
    const spec = bed.spec();
    await Promise.all([bed.backend.submit(spec), bed.backend.submit(spec)]);
    await bed.backend.submit(spec);
    expect(named(bed, spec.name)).toHaveLength(1);
    expect(bed.emulator.counts()).toMatchObject({ SubmitJob: 1 });
  });

  it("finds the job by name when the answer was lost", async () => {
    await using bed = await BatchBed.open(long);
    bed.emulator.faults.addCallRule({ fault: "lost-response", operations: ["SubmitJob"], times: 1 });
    const spec = await bed.submit();
    expect(named(bed, spec.name)).toHaveLength(1);
    expect(bed.emulator.counts()).toMatchObject({ SubmitJob: 1 });
    await bed.until([spec.name], () => bed.told.some(({ state }) => state === "running"));
  });

  it("sends again what never arrived, after it has looked for it", async () => {
    await using bed = await BatchBed.open(long);
    bed.emulator.faults.addCallRule({ fault: "lost-request", operations: ["SubmitJob"], times: 2 });
    const spec = await bed.submit();
    expect(named(bed, spec.name)).toHaveLength(1);
    const counts = bed.emulator.counts();
    expect(counts["SubmitJob"]).toBe(3);
    expect(counts["ListJobs"]).toBeGreaterThanOrEqual(2);
  });

  it("treats a failing service and one that never answers as no outcome", async () => {
    await using bed = await BatchBed.open({ ...long, timeoutMs: 300 });
    bed.emulator.faults.addCallRule({ fault: "server-error", operations: ["SubmitJob"], times: 1 });
    bed.emulator.faults.addCallRule({ fault: "stall", operations: ["SubmitJob"], times: 1 });
    const spec = await bed.submit();
    expect(named(bed, spec.name)).toHaveLength(1);
  });

  it("waits when it is throttled, without looking for anything", async () => {
    await using bed = await BatchBed.open(long);
    bed.emulator.faults.addCallRule({ fault: "throttle", operations: ["SubmitJob"], times: 2 });
    const spec = await bed.submit();
    expect(named(bed, spec.name)).toHaveLength(1);
    expect(bed.emulator.counts()["ListJobs"] ?? 0).toBe(0);
    expect(bed.backend.counters.throttled).toBe(2);
  });

  it("ends a twin that became visible late", async () => {
    await using bed = await BatchBed.open({
      ...long,
      emulator: { ...long.emulator, visibilityMs: 700 },
      times: { visibilityMs: 300 },
    });
    bed.emulator.faults.addCallRule({ fault: "lost-response", operations: ["SubmitJob"], times: 1 });
    const spec = await bed.submit();
    expect(named(bed, spec.name)).toHaveLength(2);
    const live = () => named(bed, spec.name).filter(({ id }) => bed.emulator.liveJobs().includes(id));
    await expect.poll(() => live().length, { timeout: 5_000 }).toBe(1);
    await bed.until([spec.name], () => bed.told.some(({ state }) => state === "running"));
    expect(bed.told.filter(({ state }) => state === "failed")).toEqual([]);
    expect(bed.backend.counters.twins).toBe(1);
  });

  it("has a twin ended by the next listing too", async () => {
    await using bed = await BatchBed.open({ ...long, times: { visibilityMs: 100 } });
    const spec = await bed.submit();
    const api = await import("@aws-sdk/client-batch");
    const client = new api.BatchClient({});
    const { spec: real } = named(bed, spec.name)[0] ?? {};
    const twin = { jobName: spec.name, jobQueue: "emulator-queue", jobDefinition: "emulator-job" };
    await client.send(new api.SubmitJobCommand({ ...twin, parameters: { ...real?.parameters } }));
    await expect.poll(async () => (await bed.backend.list()).length && bed.backend.counters.twins).toBe(1);
    expect(bed.emulator.liveJobs()).toHaveLength(1);
    client.destroy();
  });

  it("leaves a whole job or none when its caller gives up", async () => {
    await using bed = await BatchBed.open(long);
    const spec = bed.spec();
    const stop = new AbortController();
    const reason = new Error("the caller gave up");
    const submitted = bed.backend.submit(spec, { signal: stop.signal });
    stop.abort(reason);
    await expect(submitted).rejects.toBe(reason);
    await bed.backend.submit(spec);
    expect(named(bed, spec.name)).toHaveLength(1);
  });

  it("names a permission that is missing, and does not try again", async () => {
    await using bed = await BatchBed.open(long);
    bed.emulator.faults.addCallRule({ fault: "access-denied", operations: ["SubmitJob"] });
    await expect(bed.submit()).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining("batch:SubmitJob"),
    });
    expect(bed.emulator.counts()).toMatchObject({ SubmitJob: 1 });
  });

  it("renews expired credentials once, and goes on", async () => {
    await using bed = await BatchBed.open(long);
    bed.emulator.faults.addCallRule({ fault: "expired-token", operations: ["SubmitJob"], times: 1 });
    await bed.submit();
    expect(bed.emulator.liveJobs()).toHaveLength(1);
  });

  it("sends attempts with the rules, the time-out, the tags and what the profile asks for", async () => {
    await using bed = await BatchBed.open({
      ...long,
      options: { "batch-tags": "team=blue, cost=a b" },
      profiles: [{ name: "gpu", slots: 1, capabilities: {}, settings: { vcpu: 4, memory: 8_000, gpu: 1 } }],
    });
    const spec = await bed.submit({ profile: "gpu", attempts: 3, childLimitMs: 1_000 });
    const { spec: seen } = named(bed, spec.name)[0] ?? {};
    expect(seen?.resources).toEqual({ VCPU: "4", MEMORY: "8000", GPU: "1" });
    expect(seen?.timeoutSeconds).toBe(60);
    expect(seen?.retry.attempts).toBe(3);
    expect(seen?.retry.evaluateOnExit).toHaveLength(5);
    expect(seen?.tags).toMatchObject({ team: "blue", cost: "a b", "scaler-aws-hpc:manager": "bed" });
    expect(seen?.propagateTags).toBe(true);
    expect(seen?.parameters).toMatchObject({ task_id: spec.name, payload: "none", s3_prefix: "some/prefix" });
  });

  it("refuses what is too large before it is sent", async () => {
    await using bed = await BatchBed.open(long);
    const bundle = new Uint8Array(bed.backend.traits.inlineBytes + 1);
    const payload = { kind: "inline", bundle, store: bed.host.store } as const;
    await expect(bed.submit({ payload })).rejects.toMatchObject({ code: "too-large" });
    await expect(bed.submit({ children: 10_001 })).rejects.toMatchObject({ code: "too-large" });
    await expect(bed.submit({ profile: "none" })).rejects.toMatchObject({ code: "rejected" });
    expect(bed.emulator.counts()["SubmitJob"] ?? 0).toBe(0);
  });
});
