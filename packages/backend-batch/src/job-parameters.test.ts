import type { JobSpec } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import {
  decodeDescriptor,
  encodeDescriptor,
  jobParameters,
  PARAMETER_NAMES,
  readParameters,
} from "./job-parameters.ts";

const secret = "0123456789abcdef".repeat(4);
const descriptor = { secret, manager: "m-1", runner: "python", profile: "gpu", region: "eu-central-1", owner: "-" };
const store = { kind: "s3", bucket: "b", prefix: "p/q", region: "eu-central-1", owner: "123456789012" };

function spec(choices: Partial<JobSpec> = {}): JobSpec {
  return {
    name: "m-1-7",
    profile: "gpu",
    runner: "python",
    children: 1,
    payload: { kind: "bundle", key: "v1/in/m-1/m-1-7", bytes: 10, store },
    outPrefix: "v1/out/m-1/m-1-7.",
    secret,
    tasksPerChild: [1],
    taskLimitMs: 1,
    childLimitMs: 1,
    fresh: false,
    attempts: 1,
    ...choices,
  };
}

describe("the descriptor", () => {
  it("is seven fields, and is read back", () => {
    const text = encodeDescriptor(descriptor);
    expect(text).toBe(`1:${secret}:m-1:python:gpu:eu-central-1:-`);
    expect(decodeDescriptor(text)).toEqual(descriptor);
  });

  it.each([
    { profile: "a:b" },
    { runner: "" },
    { manager: "../x" },
    { secret: "00" },
    { owner: "12345" },
    { region: "Nowhere!" },
    { profile: "p".repeat(65) },
  ])("is not made of %o, and says nothing of the secret", (wrong) => {
    expect(() => encodeDescriptor({ ...descriptor, ...wrong })).toThrow(/^\[rejected\]/);
    expect(() => encodeDescriptor({ ...descriptor, ...wrong })).not.toThrow(new RegExp(secret));
  });

  it.each([
    "",
    "0",
    "2:x",
    `1:${secret}:m-1:python:gpu:eu-central-1`,
    `1:${secret}:m-1:python:gpu:eu-central-1:-:more`,
  ])("is not %s", (text) => expect(decodeDescriptor(text)).toBeUndefined());
});

describe("the parameters", () => {
  it("are the six of the original, none of them empty", () => {
    for (const prefix of ["p/q", ""]) {
      const payload = { kind: "bundle", key: "v1/in/m-1/m-1-7", bytes: 10, store: { ...store, prefix } } as const;
      const parameters = jobParameters(spec({ payload }), "m-1");
      expect(Object.keys(parameters).toSorted()).toEqual([...PARAMETER_NAMES].toSorted());
      expect(Object.values(parameters).every((value) => /^[\x21-\x7e]+$/.test(value))).toBe(true);
      expect(parameters.s3_prefix).toBe(prefix === "" ? "none" : prefix);
    }
  });

  it("are read back, with a bundle and inline", () => {
    const found = { name: "m-1-7", profile: "gpu", runner: "python", secret };
    expect(readParameters("m-1-7", jobParameters(spec(), "m-1"), "m-1")).toEqual({
      ...found,
      payload: { kind: "bundle", key: "v1/in/m-1/m-1-7" },
    });
    const bundle = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const inline = jobParameters(spec({ payload: { kind: "inline", bundle, store } }), "m-1");
    expect(inline.payload).not.toMatch(/[+/=]/);
    expect(readParameters("m-1-7", inline, "m-1")).toEqual({ ...found, payload: { kind: "inline", bundle } });
  });

  it("of others, or that were changed, are none of ours", () => {
    const parameters = jobParameters(spec(), "m-1");
    expect(readParameters("m-1-7", {}, "m-1")).toBeUndefined();
    expect(readParameters("m-1-8", parameters, "m-1")).toBeUndefined();
    expect(readParameters("m-1-7", parameters, "m-2")).toBeUndefined();
    expect(readParameters("m-1-7", { ...parameters, s3_key: "v1/in/m-1/other" }, "m-1")).toBeUndefined();
    expect(readParameters("m-1-7", { ...parameters, payload: "AAAA" }, "m-1")).toBeUndefined();
    expect(readParameters("m-1-7", { ...parameters, s3_key: "none" }, "m-1")).toBeUndefined();
    expect(readParameters("m-1-7", { ...parameters, s3_key: "none", payload: "a b" }, "m-1")).toBeUndefined();
  });

  it("name S3 only", () => {
    const payload = { kind: "bundle", key: "k", bytes: 1, store: { kind: "fs", root: "/x" } } as const;
    expect(() => jobParameters(spec({ payload }), "m-1")).toThrow(/^\[config\] payload store fs/);
  });
});
