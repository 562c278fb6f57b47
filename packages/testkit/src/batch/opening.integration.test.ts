import { describe, expect, it } from "vitest";
import type { BatchEmulatorOptions } from "../batch-emulator/index.ts";
import { lasting, overrideChars, PROVISIONED } from "../batch-emulator/index.ts";
import { BatchBed, type BatchBedOptions } from "./bed.ts";

const container = PROVISIONED["containerProperties"] as Readonly<Record<string, unknown>>;
const profile = (settings: Readonly<Record<string, unknown>>): BatchBedOptions => ({
  profiles: [{ name: "big", slots: 1, capabilities: {}, settings }],
});
const denied = (operation: string): BatchBedOptions => ({
  emulator: { callFaults: [{ fault: "access-denied", operations: [operation] }] },
});
const command = (...words: string[]): Partial<BatchEmulatorOptions> => ({
  definitions: [
    { ...PROVISIONED, jobDefinitionName: "emulator-job", containerProperties: { ...container, command: words } },
  ],
});

describe("open", () => {
  it.each<[string, BatchBedOptions, string, RegExp]>([
    ["another queue", { options: { "job-queue": "nope" } }, "config", /job queue nope.*us-east-1.*--job-queue/],
    [
      "another definition",
      { options: { "job-definition": "nope" } },
      "config",
      /job definition nope.*--job-definition/,
    ],
    ["no queue", { options: { "job-queue": undefined } }, "config", /--job-queue.*got nothing/],
    ["a queue that is no name", { options: { "job-queue": "a b" } }, "config", /--job-queue/],
    ["a region that is none", { options: { "aws-region": "Frankfurt" } }, "config", /--aws-region/],
    ["a disabled queue", { emulator: { queues: [{ name: "emulator-queue", enabled: false }] } }, "config", /disabled/],
    [
      "an invalid compute environment",
      { emulator: { queues: [{ name: "emulator-queue", status: "INVALID" }] } },
      "config",
      /compute environments.*INVALID/,
    ],
    ["no right to see queues", denied("DescribeJobQueues"), "denied", /batch:DescribeJobQueues/],
    ["no right to see definitions", denied("DescribeJobDefinitions"), "denied", /batch:DescribeJobDefinitions/],
    ["no right to see jobs", denied("DescribeJobs"), "denied", /batch:DescribeJobs/],
    [
      "an ARN of elsewhere",
      { options: { "job-queue": "arn:aws:batch:eu-west-1:123456789012:job-queue/emulator-queue" } },
      "config",
      /eu-west-1.*--aws-region eu-west-1/,
    ],
    ["a command of its own", { emulator: command("run", "Ref::task_id") }, "config", /lacks Ref::payload.*Ref::s3_key/],
    ["an unknown setting", profile({ vcpus: 2 }), "config", /profile big: vcpus.*did you mean vcpu/],
    ["a value that is none", profile({ memory: "much" }), "config", /profile big: memory.*whole number.*"much"/],
    ["a share on a plain queue", { options: { "batch-share-identifier": "a" } }, "config", /no scheduling policy/],
    ["more than the machines have", profile({ vcpu: 128 }), "config", /vcpu 128.*at most 100/],
    [
      "a GPU on Fargate",
      { ...profile({ gpu: 1 }), emulator: { queues: [{ name: "emulator-queue", type: "FARGATE" }] } },
      "config",
      /Fargate/,
    ],
    [
      "a size that Fargate has not",
      { ...profile({ vcpu: 2 }), emulator: { queues: [{ name: "emulator-queue", type: "FARGATE_SPOT" }] } },
      "config",
      /profile big: Fargate has no 2 vCPU with \d+ MiB; the nearest is 4096 MiB/,
    ],
  ])("refuses %s, and says what to do", async (_, options, code, message) => {
    await expect(BatchBed.open(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("does without the right to see compute environments, and says so", async () => {
    await using bed = await BatchBed.open(denied("DescribeComputeEnvironments"));
    expect(bed.lines.join()).toContain("batch:DescribeComputeEnvironments is not allowed");
  });

  it("uses a queue and a definition of each profile", async () => {
    await using bed = await BatchBed.open({
      emulator: {
        runner: { mode: "simulated", run: lasting(() => 60_000) },
        queues: [{ name: "emulator-queue" }, { name: "other-queue" }],
        definitions: ["emulator-job", "other-job"].map((name) => ({ ...PROVISIONED, jobDefinitionName: name })),
      },
      profiles: [
        { name: "default", slots: 1, capabilities: {}, settings: {} },
        { name: "big", slots: 1, capabilities: {}, settings: { queue: "other-queue", definition: "other-job:1" } },
      ],
    });
    const [small, big] = [await bed.submit(), await bed.submit({ profile: "big" })];
    const specs = bed.emulator.jobs().map(({ spec }) => [spec.name, spec.queue.name, spec.definition.name]);
    expect(specs).toEqual([
      [small.name, "emulator-queue", "emulator-job"],
      [big.name, "other-queue", "other-job"],
    ]);
    await expect.poll(async () => (await bed.backend.list()).length).toBe(2);
  });
});

describe("inline bundles", () => {
  const environment = (length: number) => [{ name: "SETTING", value: "x".repeat(length) }];
  it.each([0, 500, 2_000, 4_000, 6_000])(
    "have so much room that the largest one passes, with %i characters of variables",
    async (length) => {
      const definition = {
        ...PROVISIONED,
        jobDefinitionName: "emulator-job",
        containerProperties: { ...container, environment: environment(length) },
      };
      await using bed = await BatchBed.open({
        emulator: {
          definitions: [definition],
          overrideRule: "strictest",
          runner: { mode: "simulated", run: async () => 0 },
        },
        options: { "batch-inline-bytes": 16_384 },
        managerId: "m".repeat(40),
      });
      const { inlineBytes } = bed.backend.traits;
      expect(inlineBytes).toBeGreaterThan(length > 5_000 ? -1 : 1_000);
      if (inlineBytes === 0) return;
      const bundle = new Uint8Array(inlineBytes).fill(255);
      const name = `${"m".repeat(40)}-${"9".repeat(87)}`;
      const [over] = await bed.over(
        await bed.submit({ name, payload: { kind: "inline", bundle, store: bed.host.store } }),
      );
      expect(over?.state).toBe("succeeded");
      const spec = bed.emulator.jobs()[0]?.spec;
      const variables = { SETTING: "x".repeat(length) };
      const characters = overrideChars(
        {
          command: spec?.command ?? [],
          environment: {},
          definitionEnvironment: variables,
          resourceRequirements: Object.entries(spec?.resources ?? {}).map(([type, value]) => ({ type, value })),
        },
        "strictest",
      );
      expect(characters).toBeLessThanOrEqual(8_192);
      // And no room is wasted: one tenth more would pass the margin.
      expect(JSON.stringify({ command: spec?.command, environment: environment(length) }).length).toBeGreaterThan(
        6_500,
      );
    },
  );

  it("are at most 4 KiB unless more is wished for, and none when that is wished", async () => {
    await using bed = await BatchBed.open();
    expect(bed.backend.traits.inlineBytes).toBe(4_096);
    await using none = await BatchBed.open({ options: { "batch-inline-bytes": 0 } });
    expect(none.backend.traits.inlineBytes).toBe(0);
  });
});
