import { SubmitJobCommand } from "@aws-sdk/client-batch";
import { describe, expect, it } from "vitest";
import { DEFINITION, EmulatorBed, QUEUE } from "../../test-support/emulator-bed.ts";
import type { AttemptFault, CallFault } from "./faults.ts";
import { lasting } from "./simulated-host.ts";

/** The rules of which a manager needs all: what the infrastructure did is tried again, what the task did is not. */
const RULES = [
  { onStatusReason: "Host EC2*", action: "RETRY" as const },
  { onStatusReason: "Your Spot Task was interrupted*", action: "RETRY" as const },
  { onStatusReason: "Task failed to start*", action: "RETRY" as const },
  { onReason: "*", action: "EXIT" as const },
];
const retryStrategy = { attempts: 3, evaluateOnExit: RULES };
const slow = { runner: { mode: "simulated" as const, run: lasting(() => 150) } };

describe("what happens to an attempt", () => {
  const FAULTS: readonly (readonly [AttemptFault, object, string])[] = [
    [
      "spot",
      { statusReason: expect.stringMatching(/^Host EC2 \(instance i-[0-9a-f]{17}\) terminated\.$/) },
      "SUCCEEDED",
    ],
    ["fargate-spot", { statusReason: "Your Spot Task was interrupted.", container: { exitCode: 137 } }, "SUCCEEDED"],
    [
      "image-pull",
      {
        statusReason: "Task failed to start",
        container: { reason: expect.stringMatching(/^CannotPullContainerError/) },
      },
      "SUCCEEDED",
    ],
    [
      "oom",
      { container: { exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" } },
      "FAILED",
    ],
    ["ghost", { statusReason: expect.stringMatching(/^Host EC2/) }, "SUCCEEDED"],
  ];
  it.each(FAULTS)("%s", async (fault, first, status) => {
    await using bed = await EmulatorBed.open({ ...slow, attemptFaults: [{ fault, attempt: 1, afterMs: [10, 30] }] });
    const job = await bed.over(await bed.submit({ retryStrategy }));
    expect(job).toMatchObject({ status, attempts: status === "FAILED" ? [first] : [first, {}] });
    expect(bed.aws.faults.happened).toEqual({ [fault]: 1 });
    if (fault !== "image-pull") return;
    expect(job.attempts?.[0]?.container?.exitCode).toBeUndefined();
    expect(bed.aws.containers.started).toBe(1);
  });

  it("ghost: the container goes on beside the next attempt's", async () => {
    await using bed = await EmulatorBed.open({
      ...slow,
      attemptFaults: [{ fault: "ghost", attempt: 1, afterMs: [0, 0] }],
    });
    await bed.over(await bed.submit({ retryStrategy }));
    expect(bed.aws.containers).toMatchObject({ peak: 2, started: 2 });
  });

  it("twin: one attempt has two containers", async () => {
    await using bed = await EmulatorBed.open({ ...slow, attemptFaults: [{ fault: "twin" }] });
    const job = await bed.over(await bed.submit({ retryStrategy }));
    expect(job.attempts).toHaveLength(1);
    expect(bed.aws.containers).toMatchObject({ peak: 2, started: 2 });
  });

  it("comes as often as a rate says, the same for the same seed", async () => {
    const hits = async (seed: number): Promise<readonly number[]> => {
      await using bed = await EmulatorBed.open({
        ...slow,
        seed,
        attemptFaults: [{ fault: "spot", rate: 0.2, afterMs: [0, 0] }],
      });
      const id = await bed.submit({ arrayProperties: { size: 100 }, retryStrategy: { attempts: 1 } });
      await bed.over(id);
      return bed.aws.units().flatMap(({ status, index }) => (status === "FAILED" ? [index ?? 0] : []));
    };
    const [one, again] = [await hits(5), await hits(5)];
    expect(one).toEqual(again);
    expect(one.length).toBeGreaterThan(8);
    expect(one.length).toBeLessThan(35);
  });
});

describe("what happens to a call", () => {
  const ANSWERS: readonly (readonly [CallFault, string, number])[] = [
    ["throttle", "TooManyRequestsException", 429],
    ["access-denied", "AccessDeniedException", 403],
    ["expired-token", "ExpiredTokenException", 403],
    ["server-error", "ServerException", 500],
  ];
  it.each(ANSWERS)("%s", async (fault, name, httpStatusCode) => {
    await using bed = await EmulatorBed.open({ callFaults: [{ fault, operations: ["SubmitJob"], times: 1 }] });
    await expect(bed.submit()).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    expect(bed.aws.jobs()).toEqual([]);
    await bed.submit();
    expect(bed.aws.counts()).toEqual({ SubmitJob: 2 });
    expect(bed.aws.calls()).toMatchObject([{ status: httpStatusCode, code: name }, { status: 200 }]);
  });

  it("lost-response: the job is there, nobody said so", async () => {
    await using bed = await EmulatorBed.open({ callFaults: [{ fault: "lost-response", operations: ["SubmitJob"] }] });
    await expect(bed.submit()).rejects.toThrow();
    expect(bed.aws.jobs()).toHaveLength(1);
    expect(bed.aws.calls()).toMatchObject([{ operation: "SubmitJob", status: 0 }]);
  });

  it("lost-request: nobody answers, and nothing was done", async () => {
    await using bed = await EmulatorBed.open({ callFaults: [{ fault: "lost-request" }] });
    await expect(bed.submit()).rejects.toThrow();
    expect(bed.aws.jobs()).toEqual([]);
  });

  it("takes longer by the latency", async () => {
    await using bed = await EmulatorBed.open();
    await bed.submit();
    bed.aws.latencyMs = 120;
    const startMs = performance.now();
    await bed.submit();
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(119);
  });
});

it("lets 50 calls a second through, and answers 429 to the others", async () => {
  await using bed = await EmulatorBed.open({ callsPerSecond: 50 });
  const startMs = performance.now();
  const input = { jobName: "job", jobQueue: QUEUE, jobDefinition: DEFINITION };
  const answers = await Promise.allSettled(
    Array.from({ length: 120 }, () => bed.batch.send(new SubmitJobCommand(input))),
  );
  const refused = answers.filter((answer) => answer.status === "rejected");
  const most = 50 + ((performance.now() - startMs) / 1_000) * 50 + 1;
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(50);
  expect(answers.length - refused.length).toBeLessThanOrEqual(most);
  expect(new Set(refused.map(({ reason }) => `${reason.name} ${reason.$metadata.httpStatusCode}`))).toEqual(
    new Set(["TooManyRequestsException 429"]),
  );
  expect(bed.aws.maxPerSecond("SubmitJob")).toBeLessThanOrEqual(120);
});

it("answers nobody who does not sign", async () => {
  await using bed = await EmulatorBed.open();
  const answer = await fetch(`${bed.aws.endpoint}/v1/listjobs`, { method: "POST", body: "{}" });
  expect(answer.status).toBe(403);
});
