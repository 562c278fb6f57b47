import { describe, expect, it } from "vitest";
import { PROVISIONED } from "../batch-emulator/index.ts";
import { BatchBed, batchHost, jobSpec, openBackend } from "./bed.ts";
import { type Answer, ScriptedService } from "./scripted-service.ts";

const arn = (revision: number) => `arn:aws:batch:us-east-1:123456789012:job-definition/emulator-job:${revision}`;
const queue = (more: Readonly<Record<string, unknown>> = {}): Answer => ({
  jobQueues: [
    {
      ...{
        jobQueueName: "emulator-queue",
        jobQueueArn: "arn:aws:batch:us-east-1:123456789012:job-queue/emulator-queue",
      },
      ...{ state: "ENABLED", status: "VALID", priority: 1, computeEnvironmentOrder: [], ...more },
    },
  ],
});
const definition = (revision: number, more: Readonly<Record<string, unknown>> = {}): Answer => ({
  jobDefinitions: [
    {
      ...PROVISIONED,
      jobDefinitionName: "emulator-job",
      jobDefinitionArn: arn(revision),
      revision,
      status: "ACTIVE",
      ...more,
    },
  ],
});

const fine = {
  describejobqueues: () => queue(),
  describejobdefinitions: () => definition(1),
  describejobs: () => ({ jobs: [] }),
};

describe("a service that the emulator is not", () => {
  it("deregistered the revision that was found: the next one is used", async () => {
    let latest = 3;
    const submitted: unknown[] = [];
    await using service = await ScriptedService.start({
      ...fine,
      describejobdefinitions: () => definition(latest),
      submitjob: ({ jobDefinition, jobName }) => {
        submitted.push(jobDefinition);
        if (jobDefinition === arn(latest)) return { jobId: `id-${submitted.length}`, jobName };
        return { status: 400, error: "ClientException", message: `JobDefinition ${jobDefinition} is not ACTIVE` };
      },
    });
    const { host, lines } = batchHost();
    await using backend = await openBackend(host);
    await backend.submit(jobSpec(host));
    latest = 5;
    await Promise.all([backend.submit(jobSpec(host)), backend.submit(jobSpec(host))]);
    await backend.submit(jobSpec(host));
    expect(submitted).toEqual([arn(3), arn(3), arn(3), arn(5), arn(5), arn(5)]);
    expect(lines.join()).toContain("new revision");
    expect(service.called.filter((name) => name === "describejobdefinitions").length).toBeLessThanOrEqual(3);
  });

  it("refuses a submit for what it is: that is no reason to try again", async () => {
    await using service = await ScriptedService.start({
      ...fine,
      submitjob: () => ({ status: 400, error: "ClientException", message: "Job size must be less than 30 KiB" }),
    });
    const { host } = batchHost();
    await using backend = await openBackend(host);
    await expect(backend.submit(jobSpec(host))).rejects.toMatchObject({ code: "rejected" });
    expect(service.called.filter((name) => name === "submitjob")).toHaveLength(1);
  });

  it("has another time than this machine: the next request is signed with its own", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    let refusals = 1;
    await using service = await ScriptedService.start({
      ...fine,
      describejobqueues: () => {
        refusals -= 1;
        return refusals < 0
          ? queue()
          : { status: 403, error: "InvalidSignatureException", message: "Signature expired", date };
      },
    });
    await using _backend = await openBackend(batchHost().host);
    expect(service.called.slice(0, 2)).toEqual(["describejobqueues", "describejobqueues"]);
  });

  it("has disabled the queue: that may pass", async () => {
    const message = "JobQueue emulator-queue is not ENABLED";
    await using _service = await ScriptedService.start({
      ...fine,
      submitjob: () => ({ status: 400, error: "ClientException", message }),
    });
    const { host } = batchHost();
    await using backend = await openBackend(host);
    await expect(backend.submit(jobSpec(host))).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each<[string, Answer, Answer, RegExp]>([
    [
      "a fair-share queue without a share",
      queue({ schedulingPolicyArn: "arn:x" }),
      definition(1),
      /--batch-share-identifier/,
    ],
    ["an invalid queue", queue({ status: "INVALID", statusReason: "no CE" }), definition(1), /INVALID \(no CE\)/],
    ["a queue for service jobs", queue({ jobQueueType: "SAGEMAKER_TRAINING" }), definition(1), /service jobs/],
    ["a definition for EKS", queue(), definition(1, { containerProperties: undefined, eksProperties: {} }), /for EKS/],
    ["a multi-node definition", queue(), definition(1, { type: "multinode" }), /got multinode/],
    ["a definition that is gone", queue(), definition(1, { status: "INACTIVE" }), /no active revision/],
    ["a definition full of tags", queue(), definition(1, { tags: tags(48) }), /at most 50 tags/],
  ])("has %s: refused at the start", async (_, queues, definitions, message) => {
    await using _service = await ScriptedService.start({
      describejobqueues: () => queues,
      describejobdefinitions: () => definitions,
    });
    await expect(openBackend(batchHost().host)).rejects.toThrow(message);
  });

  it("does not answer at all", async () => {
    process.env["AWS_ENDPOINT_URL_BATCH"] = "http://127.0.0.1:9";
    await expect(openBackend(batchHost().host)).rejects.toMatchObject({ code: "unavailable" });
  });
});

it("looks many jobs that are over up by what their names have in common", async () => {
  await using bed = await BatchBed.open({ emulator: { runner: { mode: "simulated", run: async () => 0 } } });
  const specs = await Promise.all(Array.from({ length: 150 }, (_, at) => bed.submit({ name: `bed-3-${at}` })));
  await expect.poll(() => bed.emulator.liveJobs().length, { timeout: 10_000 }).toBe(0);
  await using next = await openBackend(batchHost().host);
  bed.emulator.resetCounts();
  const found = await next.adopt(specs.map(({ name }) => name));
  expect(found).toHaveLength(150);
  expect(found.every(({ live }) => !live)).toBe(true);
  // A page by name, which does not show all, a listing by states, two pages by name, two descriptions.
  expect(bed.emulator.counts()).toEqual({ ListJobs: 8, DescribeJobs: 2 });
  bed.emulator.resetCounts();
  expect(await next.list()).toEqual([]);
  expect(bed.emulator.counts()).toEqual({ ListJobs: 5 });
});

function tags(count: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`tag-${at}`, "x"]));
}
