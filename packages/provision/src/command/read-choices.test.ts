import { describe, expect, it } from "vitest";
import { type ChoiceValues, readChoices, readImageChoice } from "./read-choices.ts";

const flags = (said: Partial<ChoiceValues>): ChoiceValues => said as ChoiceValues;

describe("flags", () => {
  it("of the original say what they said there", () => {
    const said = flags({
      image: "i@sha256:x",
      vcpus: "2",
      memory: 2048,
      "max-vcpus": 16,
      "instance-types": "c6i.large, m6i",
    });
    expect(readChoices(said, {})).toMatchObject({
      image: "i@sha256:x",
      job: { vcpus: 2, memoryMiB: 1843 },
      maxVcpus: 16,
      instanceTypes: ["c6i.large", "m6i"],
    });
  });

  it("that are not there say nothing", () => {
    expect(Object.values(readChoices(flags({}), {})).filter((value) => value !== undefined)).toEqual([]);
  });

  it("say memory as it is on Fargate, also where that was said before", () => {
    expect(readChoices(flags({ memory: 4096 }), { compute: "fargate" }).job?.memoryMiB).toBe(4096);
    expect(readChoices(flags({ memory: 4096, compute: "ec2" }), { compute: "fargate" }).job?.memoryMiB).toBe(3686);
  });

  it("are refused when they are no values", () => {
    expect(() => readChoices(flags({ tag: ["a"] }), {})).toThrow(/^\[config\] --tag: expected KEY=VALUE, got "a"/);
    expect(readChoices(flags({ tag: ["a=b=c"] }), {}).tags).toEqual({ a: "b=c" });
  });
});

describe("an empty flag", () => {
  it("goes back to the default", () => {
    const empty = { "instance-types": "", subnets: "", "service-role": "", "gpu-instance-types": "", tag: [""] };
    expect(readChoices(flags({ ...empty, node: false }), {})).toMatchObject({
      ...{ instanceTypes: null, subnets: null, serviceRoleArn: null, gpu: null, tags: null, node: null },
    });
    const said = { "gpu-image": "", gpus: 2 };
    expect(readChoices(flags(said), { gpu: { instanceTypes: ["g5"] } }).gpu).toMatchObject({ image: null, gpus: 2 });
    expect(() => readChoices(flags({ node: false, "node-image": "x:1" }), {})).toThrow(
      /^\[config\] --no-node: expected no --node-image beside it/,
    );
  });
});

describe("GPUs", () => {
  it("are asked for by machines alone", () => {
    expect(readChoices(flags({ "gpu-instance-types": "g5", gpus: 2 }), {}).gpu).toMatchObject({ gpus: 2 });
    expect(() => readChoices(flags({ gpus: 2 }), {})).toThrow(
      /^\[config\] --gpus: expected --gpu-instance-types beside it, .*got none/,
    );
    expect(() => readChoices(flags({ "gpu-image": "x:1", "gpu-instance-types": "" }), { gpu: {} })).toThrow(
      /^\[config\] --gpu-image: .*got an empty one/,
    );
  });
});

describe("memory", () => {
  it.each([
    ["memory", 1],
    ["memory", 100_000_000],
    ["gpu-memory", 100],
  ] as const)("--%s %d is told as it was typed", (flag, value) => {
    expect(() => readChoices(flags({ [flag]: value, "gpu-instance-types": "g5" }), {})).toThrow(
      new RegExp(`^\\[config\\] --${flag}: expected a whole number of MiB from 143 to 27777777, .*got ${value}$`),
    );
  });
});

describe("the image", () => {
  it("is built when auto is said, or how", () => {
    expect(readImageChoice(flags({ image: "auto" }), undefined).build).toBe(true);
    expect(readChoices(flags({ image: "auto" }), {}).image).toBeUndefined();
    expect(readImageChoice(flags({ python: "3.11" }), undefined)).toMatchObject({ build: false, python: "3.11" });
    expect(() => readImageChoice(flags({ image: "x:1", python: "3.11" }), undefined)).toThrow(
      /^\[config\] --image: expected none/,
    );
  });

  it("of JavaScript tasks is asked for by each flag that says something of it", () => {
    const nodeOf = (said: Partial<ChoiceValues>) => readChoices(flags(said), {}).node;
    expect(nodeOf({ node: true })).toEqual({ image: undefined });
    expect(nodeOf({ "node-packages": "package.json" })).toEqual({ image: undefined });
    expect(nodeOf({ "node-image": "auto" })).toEqual({ image: undefined });
    expect(nodeOf({ "node-image": "x:1" })).toEqual({ image: "x:1" });
    const choice = readImageChoice(flags({ "node-image": "auto", "node-packages": "package.json" }), "runner");
    expect(choice.node).toEqual({ build: true, program: "runner", packageFile: "package.json" });
    expect(() => readImageChoice(flags({ "node-image": "x:1", "node-packages": "p" }), "runner")).toThrow(
      /^\[config\] --node-image: expected none, or auto, beside --node-packages/,
    );
  });
});
