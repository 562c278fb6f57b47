import {
  CancelJobCommand,
  CancelJobsCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  GetJobQueueSnapshotCommand,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
  TerminateJobCommand,
  TerminateJobsCommand,
} from "@aws-sdk/client-batch";
import { describe, expect, it } from "vitest";
import { DEFINITION, EmulatorBed, QUEUE } from "../../test-support/emulator-bed.ts";
import { lasting, type Simulation } from "./simulated-host.ts";

const simulated = (run: Simulation) => ({ mode: "simulated" as const, run });
const longRunning = simulated(lasting(() => 3_600_000));

describe("a single job", () => {
  it("goes through its states and keeps its parameters", async () => {
    await using bed = await EmulatorBed.open({ submittedMs: 400, startMs: 300, runner: simulated(lasting(() => 300)) });
    await bed.describe("warms the client up");
    const id = await bed.submit({ parameters: { task_id: "a-task" }, tags: { a: "tag" } });
    const seen = new Set<string | undefined>();
    const end = await bed.until(id, ({ status }) => seen.add(status) && status === "SUCCEEDED");
    expect([...seen]).toEqual(["SUBMITTED", "STARTING", "RUNNING", "SUCCEEDED"]);
    expect(end).toMatchObject({
      parameters: { task_id: "a-task", payload: "none", compressed: "0" },
      tags: { a: "tag" },
      attempts: [{ statusReason: "Essential container in task exited", container: { exitCode: 0 } }],
      container: { exitCode: 0, logStreamName: expect.stringMatching(`^${DEFINITION}/default/[0-9a-f]{32}$`) },
    });
    expect(end.createdAt).toBeLessThanOrEqual(end.startedAt ?? 0);
    expect(end.startedAt).toBeLessThan(end.stoppedAt ?? 0);
  });

  it("is unknown for a while after its submit, and again when its record has expired", async () => {
    await using bed = await EmulatorBed.open({ visibilityMs: 150, retentionMs: 200 });
    const id = await bed.submit();
    expect(await bed.describe(id)).toBeUndefined();
    const named = { jobQueue: QUEUE, filters: [{ name: "JOB_NAME", values: ["job"] }] };
    expect((await bed.batch.send(new ListJobsCommand(named))).jobSummaryList).toEqual([]);
    expect((await bed.over(id)).status).toBe("SUCCEEDED");
    expect((await bed.batch.send(new ListJobsCommand(named))).jobSummaryList).toHaveLength(1);
    await expect.poll(() => bed.describe(id)).toBeUndefined();
    expect(bed.aws.jobs()).toEqual([]);
  });

  it("fails with the exit code of its container", async () => {
    await using bed = await EmulatorBed.open({ runner: simulated(async () => 3) });
    const job = await bed.over(await bed.submit());
    expect(job).toMatchObject({ status: "FAILED", container: { exitCode: 3 }, attempts: [{}] });
  });

  it("waits for what it depends on, and fails with it", async () => {
    await using bed = await EmulatorBed.open({ runner: simulated(async ({ jobName }) => (jobName === "bad" ? 1 : 0)) });
    const good = await bed.submit({ jobName: "good" });
    const bad = await bed.submit({ jobName: "bad" });
    const after = await bed.submit({ dependsOn: [{ jobId: good }] });
    const never = await bed.submit({ dependsOn: [{ jobId: good }, { jobId: bad }] });
    expect(await bed.over(after)).toMatchObject({ status: "SUCCEEDED" });
    expect(await bed.over(never)).toMatchObject({ status: "FAILED", attempts: [] });
  });
});

describe("an array", () => {
  it("has a parent that is PENDING while children run, and children that ListJobs gives page by page", async () => {
    await using bed = await EmulatorBed.open({
      runner: simulated(async ({ index }) => (index === 2 ? 1 : 0)),
      startMs: 100,
    });
    const id = await bed.submit({ arrayProperties: { size: 5 } });
    await bed.until(id, ({ status }) => status === "PENDING");
    expect((await bed.batch.send(new ListJobsCommand({ jobQueue: QUEUE }))).jobSummaryList).toEqual([]);
    const pending = await bed.batch.send(new ListJobsCommand({ jobQueue: QUEUE, jobStatus: "PENDING" }));
    expect(pending.jobSummaryList).toMatchObject([{ jobId: id, arrayProperties: { size: 5 } }]);
    expect(await bed.over(id)).toMatchObject({
      status: "FAILED",
      arrayProperties: { size: 5, statusSummary: { SUCCEEDED: 4, FAILED: 1, RUNNING: 0 } },
    });
    const failed = await bed.batch.send(new ListJobsCommand({ arrayJobId: id, jobStatus: "FAILED" }));
    expect(failed.jobSummaryList).toMatchObject([
      { jobId: `${id}:2`, arrayProperties: { index: 2 }, container: { exitCode: 1 } },
    ]);
    expect(await bed.describe(`${id}:2`)).toMatchObject({ status: "FAILED", arrayProperties: { index: 2 } });
    expect(await bed.describe(`${id}:5`)).toBeUndefined();
    const indexes: (number | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await bed.batch.send(
        new ListJobsCommand({ arrayJobId: id, jobStatus: "SUCCEEDED", maxResults: 3, nextToken }),
      );
      indexes.push(...(page.jobSummaryList ?? []).map(({ arrayProperties }) => arrayProperties?.index));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(indexes).toEqual([0, 1, 3, 4]);
  });

  it("runs no more children at once than its queue has vCPUs", async () => {
    await using bed = await EmulatorBed.open({ queues: [{ name: QUEUE, vcpus: 5 }] });
    const plain = await bed.submit({ arrayProperties: { size: 20 } });
    expect((await bed.over(plain)).status).toBe("SUCCEEDED");
    expect(bed.aws.containers).toEqual({ running: 0, peak: 5, started: 20 });
    const wide = { containerOverrides: { resourceRequirements: [{ type: "VCPU" as const, value: "6" }] } };
    const never = await bed.submit(wide);
    await bed.until(never, ({ statusReason }) => statusReason === "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT");
  });

  it("may tell of its children late", async () => {
    await using bed = await EmulatorBed.open({ summaryLagMs: 300 });
    const id = await bed.submit({ arrayProperties: { size: 3 } });
    const end = await bed.over(id);
    expect(end.arrayProperties?.statusSummary?.["SUCCEEDED"]).toBe(0);
    await bed.until(id, ({ arrayProperties }) => arrayProperties?.statusSummary?.["SUCCEEDED"] === 3);
  });
});

describe("the end that somebody asks for", () => {
  it("terminates a job in any state, and retries it not", async () => {
    await using bed = await EmulatorBed.open({ runner: longRunning, queues: [{ name: QUEUE, vcpus: 1 }] });
    const retryStrategy = { attempts: 5 };
    const runs = await bed.submit({ retryStrategy });
    const waits = await bed.submit({ retryStrategy });
    await bed.until(runs, ({ status }) => status === "RUNNING");
    for (const jobId of [waits, runs]) await bed.batch.send(new TerminateJobCommand({ jobId, reason: "enough" }));
    expect(await bed.over(runs)).toMatchObject({
      status: "FAILED",
      statusReason: "enough",
      isTerminated: true,
      attempts: [{ container: { exitCode: 143 } }],
    });
    expect(await bed.over(waits)).toMatchObject({ status: "FAILED", statusReason: "enough", attempts: [] });
    expect(bed.aws.containers.running).toBe(0);
  });

  it("cancels what has not started, and nothing else, without saying so", async () => {
    await using bed = await EmulatorBed.open({ runner: longRunning, queues: [{ name: QUEUE, vcpus: 2 }] });
    const id = await bed.submit({ arrayProperties: { size: 4 } });
    await bed.until(id, ({ arrayProperties }) => arrayProperties?.statusSummary?.["RUNNING"] === 2);
    await bed.batch.send(new CancelJobCommand({ jobId: id, reason: "not now" }));
    expect(await bed.describe(id)).toMatchObject({
      status: "PENDING",
      arrayProperties: { statusSummary: { RUNNING: 2, FAILED: 2 } },
    });
    await bed.batch.send(new TerminateJobCommand({ jobId: `${id}:0`, reason: "one" }));
    expect(await bed.over(`${id}:0`)).toMatchObject({ status: "FAILED", statusReason: "one" });
    await bed.batch.send(new TerminateJobCommand({ jobId: id, reason: "all" }));
    expect(await bed.over(id)).toMatchObject({ status: "FAILED", isTerminated: true });
  });

  it("ends many at once where the service can, and says so where it cannot", async () => {
    await using bed = await EmulatorBed.open({ runner: longRunning });
    const jobs = [await bed.submit(), await bed.submit(), "00000000-0000-4000-8000-000000000000", "not an id"];
    const { successful, errors } = await bed.batch.send(new TerminateJobsCommand({ jobs, reason: "enough" }));
    expect(successful).toEqual(jobs.slice(0, 3));
    expect(errors).toMatchObject([{ job: "not an id", code: "ValidationException" }]);
    await bed.over(jobs[1] ?? "");
    await using old = await EmulatorBed.open({ bulk: false });
    await expect(old.batch.send(new CancelJobsCommand({ jobs, reason: "enough" }))).rejects.toMatchObject({
      name: "UnknownOperationException",
    });
  });

  it("ends an attempt that takes too long, and retries it not", async () => {
    await using bed = await EmulatorBed.open({ runner: longRunning, timeoutSecondMs: 1 });
    const id = await bed.submit({ timeout: { attemptDurationSeconds: 60 }, retryStrategy: { attempts: 3 } });
    expect(await bed.over(id)).toMatchObject({
      status: "FAILED",
      statusReason: "Job attempt duration exceeded timeout",
      attempts: [{}],
    });
  });
});

describe("retries", () => {
  const RULES = [{ onExitCode: "7", action: "EXIT" as const }];
  it.each([
    ["no rule: retried", 1, undefined, 3],
    ["no rule that matches: retried", 1, RULES, 3],
    ["a rule that says EXIT", 7, RULES, 1],
  ])("%s", async (_, code, evaluateOnExit, attempts) => {
    const numbers: number[] = [];
    await using bed = await EmulatorBed.open({
      runner: simulated(async ({ attempt }) => {
        numbers.push(attempt);
        return code;
      }),
    });
    const retryStrategy = { attempts: 3, ...(evaluateOnExit === undefined ? {} : { evaluateOnExit }) };
    const job = await bed.over(await bed.submit({ retryStrategy }));
    expect(job.attempts).toHaveLength(attempts);
    expect(numbers).toEqual([1, 2, 3].slice(0, attempts));
  });
});

describe("queues and definitions", () => {
  it("are described, and a job runs with what its definition and its overrides say", async () => {
    await using bed = await EmulatorBed.open({
      runner: simulated(async ({ environment, command }) =>
        environment["A"] === "job" && environment["B"] === "definition" && command.join() === "run,x-y" ? 0 : 1,
      ),
    });
    const { jobQueues } = await bed.batch.send(new DescribeJobQueuesCommand({ jobQueues: [QUEUE] }));
    const environment = jobQueues?.[0]?.computeEnvironmentOrder?.[0]?.computeEnvironment ?? "";
    const found = await bed.batch.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: [environment] }));
    expect(found.computeEnvironments).toMatchObject([{ status: "VALID", computeResources: { maxvCpus: 100 } }]);
    const { revision } = await bed.batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: DEFINITION,
        type: "container",
        parameters: { one: "x", two: "z" },
        containerProperties: {
          image: "an-image",
          command: ["run", "Ref::one-Ref::two"],
          environment: [
            { name: "A", value: "definition" },
            { name: "B", value: "definition" },
          ],
        },
      }),
    );
    const definitions = await bed.batch.send(new DescribeJobDefinitionsCommand({ jobDefinitionName: DEFINITION }));
    expect([revision, definitions.jobDefinitions?.map((one) => one.revision)]).toEqual([2, [2, 1]]);
    const containerOverrides = { command: ["run", "Ref::one"], environment: [{ name: "A", value: "job" }] };
    const job = await bed.submit({ parameters: { one: "x-y" }, containerOverrides });
    expect((await bed.over(job)).status).toBe("SUCCEEDED");
  });

  it("show why the first in line waits, and who is in front", async () => {
    await using bed = await EmulatorBed.open();
    bed.aws.stick(QUEUE, "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY");
    const ids = [await bed.submit(), await bed.submit()];
    await bed.until(ids[1] ?? "", ({ status }) => status === "RUNNABLE");
    expect((await bed.describe(ids[0] ?? ""))?.statusReason).toBe("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY");
    expect((await bed.describe(ids[1] ?? ""))?.statusReason).toBeUndefined();
    const { frontOfQueue } = await bed.batch.send(new GetJobQueueSnapshotCommand({ jobQueue: QUEUE }));
    expect(frontOfQueue?.jobs?.map(({ jobArn }) => jobArn?.split("/")[1])).toEqual(ids);
    bed.aws.stick(QUEUE, undefined);
    expect((await bed.over(ids[1] ?? "")).status).toBe("SUCCEEDED");
  });

  it("are listed by filters, one at a time", async () => {
    await using bed = await EmulatorBed.open({ runner: longRunning });
    await bed.submit({ jobName: "Alpha-1" });
    await bed.submit({ jobName: "alpha-2", arrayProperties: { size: 2 } });
    await bed.submit({ jobName: "beta" });
    const names = async (name: string, value: string): Promise<unknown> => {
      const filters = [{ name, values: [value] }];
      const { jobSummaryList } = await bed.batch.send(new ListJobsCommand({ jobQueue: QUEUE, filters }));
      return jobSummaryList?.map(({ jobName }) => jobName);
    };
    expect(await names("JOB_NAME", "ALPHA*")).toEqual(["alpha-2", "Alpha-1"]);
    expect(await names("JOB_NAME", "alpha")).toEqual([]);
    expect(await names("JOB_DEFINITION", DEFINITION)).toHaveLength(3);
    expect(await names("AFTER_CREATED_AT", String(Date.now() + 1_000))).toEqual([]);
    const two = [1, 2].map(() => ({ name: "JOB_NAME", values: ["a"] }));
    await expect(bed.batch.send(new ListJobsCommand({ jobQueue: QUEUE, filters: two }))).rejects.toThrow(/one filter/);
    await expect(bed.batch.send(new ListJobsCommand({}))).rejects.toThrow(/Exactly one of/);
  });
});
