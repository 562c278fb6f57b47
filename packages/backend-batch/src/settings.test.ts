import { describe, expect, it } from "vitest";
import { BATCH_OPTIONS, PROFILE_SETTINGS, readOptions, readProfile } from "./settings.ts";

const plain = { "job-queue": "q", "job-definition": "d:3" };
const profile = (settings: Readonly<Record<string, unknown>>) =>
  readProfile({ name: "gpu", slots: 1, capabilities: {}, settings }, plain, readOptions(plain));

describe("options", () => {
  it("have the defaults that they are declared with", () => {
    const declared = Object.fromEntries(BATCH_OPTIONS.map(({ name, default: value }) => [name, value]));
    expect(readOptions({ ...declared, ...plain })).toEqual(readOptions(plain));
    expect(readOptions(plain)).toMatchObject({ apiRate: 20, runnableDwellMs: 600_000, startMs: 20_000, tags: {} });
  });

  it("take names and ARNs", () => {
    const queue = "arn:aws:batch:eu-central-1:123456789012:job-queue/high";
    const definition = "arn:aws:batch:eu-central-1:123456789012:job-definition/run:7";
    expect(readOptions({ "job-queue": queue, "job-definition": definition })).toMatchObject({ queue, definition });
  });

  it.each([
    [{ "job-queue": "a/b" }, /--job-queue/],
    [{ "job-definition": "d:0" }, /--job-definition/],
    [{ "batch-api-rate": 51 }, /--batch-api-rate: expected a whole number from 1 to 50, got 51/],
    [{ "runnable-dwell-minutes": 0 }, /--runnable-dwell-minutes/],
    [{ "batch-tags": "novalue" }, /--batch-tags/],
    [{ "batch-tags": "aws:x=1" }, /--batch-tags/],
    [{ "batch-tags": Array.from({ length: 41 }, (_, at) => `k${at}=v`).join() }, /at most 40/],
  ])("refuse %o", (wrong, message) => expect(() => readOptions({ ...plain, ...wrong })).toThrow(message));
});

describe("settings of a profile", () => {
  it("are the plain options where it says nothing", () => {
    expect(profile({})).toEqual({ name: "gpu", queue: "q", definition: "d:3" });
  });

  it("are taken as TOML has them", () => {
    const settings = { vcpu: 8, memory: 30_000, gpu: 1, queue: "big", "share-identifier": "lab", priority: 5 };
    const { "share-identifier": shareIdentifier, ...rest } = settings;
    expect(profile(settings)).toEqual({ name: "gpu", definition: "d:3", ...rest, vcpu: "8", shareIdentifier });
    expect(profile({ vcpu: "0.25" })).toMatchObject({ vcpu: "0.25" });
  });

  it("name the definition of JavaScript tasks, which has no default", () => {
    const both = { ...plain, "node-job-definition": "node:1" };
    const read = (settings: Readonly<Record<string, unknown>>) =>
      readProfile({ name: "gpu", slots: 1, capabilities: {}, settings }, both, readOptions(both));
    expect(read({})).toMatchObject({ definition: "d:3", nodeDefinition: "node:1" });
    expect(read({ "node-definition": "other" })).toMatchObject({ definition: "d:3", nodeDefinition: "other" });
    expect(profile({ "node-definition": "other" })).toMatchObject({ nodeDefinition: "other" });
    expect(profile({})).not.toHaveProperty("nodeDefinition");
    expect(() => read({ "node-definition": "a b" })).toThrow(/profile gpu: node-definition/);
  });

  it.each([
    [{ vcpu: 1.5 }, /profile gpu: vcpu/],
    [{ vcpu: "" }, /profile gpu: vcpu/],
    [{ memory: "2 GiB" }, /profile gpu: memory/],
    [{ gpus: 1 }, /did you mean gpu\?/],
    [{ anything: 1 }, /it may have queue, definition/],
    [{ priority: 10_000 }, /profile gpu: priority/],
  ])("refuse %o", (wrong, message) => expect(() => profile(wrong)).toThrow(message));

  it("are all declared", () => {
    const settings = {
      ...{ queue: "a", definition: "b", "node-definition": "c" },
      ...{ vcpu: 1, memory: 4, gpu: 0, "share-identifier": "s", priority: 0 },
    };
    expect(Object.keys(settings)).toEqual(PROFILE_SETTINGS.map(({ name }) => name));
    expect(() => profile(settings)).not.toThrow();
  });
});
