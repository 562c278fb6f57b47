import type { ChildChange, Failure } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import type { AttemptFault } from "../batch-emulator/faults.ts";
import { lasting, PROVISIONED } from "../batch-emulator/index.ts";
import { BatchBed } from "./bed.ts";

const failureOf = (change: ChildChange | undefined): Failure | undefined =>
  change?.state === "failed" ? change.failure : undefined;

describe("a job that fails", () => {
  it.each<[AttemptFault, "EC2" | "SPOT" | "FARGATE_SPOT", Failure["kind"]]>([
    ["spot", "SPOT", "spot"],
    ["spot", "EC2", "host"],
    ["fargate-spot", "FARGATE_SPOT", "spot"],
    ["oom", "EC2", "oom"],
    ["image-pull", "EC2", "image"],
  ])("by %s on %s is %s", async (fault, type, kind) => {
    await using bed = await BatchBed.open({
      emulator: {
        queues: [{ name: "emulator-queue", type }],
        attemptFaults: [{ fault, afterMs: [0, 10] }],
        stopGraceMs: 10,
      },
      profiles: [{ name: "default", slots: 1, capabilities: {}, settings: { vcpu: 1, memory: 2048 } }],
    });
    const [over] = await bed.over(await bed.submit());
    expect(failureOf(over)).toMatchObject({ kind });
    expect(failureOf(over)?.reason).not.toBe("");
  });

  it("by itself tells its exit code and its last log lines", async () => {
    const argv = ["sh", "-c", "echo one; echo two; exit 3"];
    await using bed = await BatchBed.open({ emulator: { runner: { mode: "process", argv } } });
    const [over] = await bed.over(await bed.submit());
    expect(failureOf(over)).toMatchObject({ kind: "exit", exitCode: 3, logTail: ["one", "two"] });
  });

  it("is told without log lines where they may not be read, and that is said once", async () => {
    const argv = ["sh", "-c", "echo one; exit 3"];
    await using bed = await BatchBed.open({
      emulator: {
        runner: { mode: "process", argv },
        callFaults: [{ fault: "access-denied", operations: ["GetLogEvents"] }],
      },
    });
    const ends = await bed.over(await bed.submit({ children: 2 }), await bed.submit());
    expect(ends.map((end) => failureOf(end)?.exitCode)).toEqual([3, 3, 3]);
    expect(bed.lines.filter((line) => line.includes("logs:GetLogEvents"))).toHaveLength(1);
  });

  it("at its time-out is timeout", async () => {
    const run = async (_: unknown, signal: AbortSignal) =>
      await new Promise<number>((resolve) => signal.addEventListener("abort", () => resolve(143)));
    await using bed = await BatchBed.open({
      emulator: { runner: { mode: "simulated", run }, timeoutSecondMs: 5, stopGraceMs: 10 },
    });
    const [over] = await bed.over(await bed.submit({ childLimitMs: 60_000 }));
    expect(failureOf(over)).toMatchObject({ kind: "timeout" });
  });

  it("and is repeated by Batch has not failed; what was repeated is counted", async () => {
    await using bed = await BatchBed.open({
      emulator: {
        queues: [{ name: "emulator-queue", type: "SPOT" }],
        attemptFaults: [{ fault: "spot", attempt: 1, afterMs: [0, 10] }],
      },
    });
    const [over] = await bed.over(await bed.submit({ attempts: 2 }));
    expect(over).toMatchObject({ state: "succeeded", attempt: 2 });
    expect(bed.backend.counters.repeated).toEqual({ spot: 1 });
  });

  it("each time says how many attempts were made", async () => {
    await using bed = await BatchBed.open({
      emulator: {
        queues: [{ name: "emulator-queue", type: "SPOT" }],
        attemptFaults: [{ fault: "spot", afterMs: [0, 10] }],
      },
    });
    const [over] = await bed.over(await bed.submit({ attempts: 3 }));
    expect(over).toMatchObject({ state: "failed", attempt: 3, failure: { kind: "spot" } });
    expect(failureOf(over)?.reason).toContain("after 3 attempts");
  });
});

describe("an array in which children fail", () => {
  it("tells which, why and in which attempt, and that the others succeeded", async () => {
    await using bed = await BatchBed.open({
      emulator: {
        attemptFaults: [
          { fault: "oom", index: 1, afterMs: [0, 10] },
          { fault: "spot", index: 3, afterMs: [0, 10] },
        ],
      },
    });
    const ends = await bed.over(await bed.submit({ children: 6, attempts: 2 }));
    const failed = ends.filter(({ state }) => state === "failed");
    expect(failed.map((end) => [end.child, failureOf(end)?.kind, end.attempt])).toEqual([
      [1, "oom", 1],
      [3, "host", 2],
    ]);
    expect(ends.filter(({ state }) => state === "succeeded").map(({ child }) => child)).toEqual([0, 2, 4, 5]);
  });

  it("by Spot, and Batch starts them again: so many are counted, at least one, and the log says so", async () => {
    await using bed = await BatchBed.open({
      emulator: {
        queues: [{ name: "emulator-queue", type: "SPOT" }],
        runner: { mode: "simulated", run: lasting(() => 1_500) },
        attemptFaults: [{ fault: "spot", attempt: 1, afterMs: [900, 900] }],
        startMs: 400,
      },
      times: { mostRoundMs: 150, mostPeriodMs: 150 },
    });
    const ends = await bed.over(await bed.submit({ children: 3, attempts: 2 }));
    expect(ends.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(bed.backend.counters.repeated["spot"]).toBeGreaterThan(0);
    expect(bed.lines.join()).toContain("starts children again");
  });

  it("tells of 1,500 failed children with the pages and ids that Batch takes", async () => {
    await using bed = await BatchBed.open({
      emulator: {
        queues: [{ name: "emulator-queue", vcpus: 2_000 }],
        runner: { mode: "simulated", run: async () => 1 },
        startMs: 1,
      },
    });
    const ends = await bed.over(await bed.submit({ children: 1_500 }));
    expect(new Set(ends.map(({ child }) => child)).size).toBe(1_500);
    expect(ends.every((end) => failureOf(end)?.kind === "exit")).toBe(true);
    expect(bed.emulator.calls().filter(({ status }) => status >= 400)).toEqual([]);
  });

  it("fails as a whole when its command and variables are longer than ECS takes", async () => {
    const environment = [{ name: "LONG", value: "x".repeat(9_000) }];
    const container = { ...(PROVISIONED["containerProperties"] as object), environment };
    const definition = { ...PROVISIONED, jobDefinitionName: "emulator-job", containerProperties: container };
    await using bed = await BatchBed.open({ emulator: { definitions: [definition], overrideRule: "strictest" } });
    expect(bed.backend.traits.inlineBytes).toBe(0);
    const ends = await bed.over(await bed.submit({ children: 2 }), await bed.submit());
    expect(ends.map((end) => failureOf(end)?.kind)).toEqual(["definition", "definition", "definition"]);
  });
});

describe("a job of which Batch knows nothing", () => {
  it("is lost, beside one that it knows", async () => {
    await using bed = await BatchBed.open();
    const job = await bed.submit();
    await bed.until([job.name, "bed-never-was"], () => bed.told.some(({ job }) => job === "bed-never-was"));
    expect(failureOf(bed.told.find(({ job }) => job === "bed-never-was"))).toMatchObject({ kind: "lost" });
    const [over] = await bed.over(job);
    expect(over?.state).toBe("succeeded");
  });

  it("is lost when its record expired", async () => {
    await using bed = await BatchBed.open({ emulator: { retentionMs: 1 }, times: { firstLookMs: 500 } });
    const [over] = await bed.over(await bed.submit());
    expect(failureOf(over)).toMatchObject({ kind: "lost" });
  });
});
