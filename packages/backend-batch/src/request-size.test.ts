import { describe, expect, it } from "vitest";
import type { JobDefinition, SubmitJobRequest } from "./batch-api.ts";
import { PARAMETER_NAMES } from "./job-parameters.ts";
import {
  fits,
  inlineRoom,
  MAX_OVERRIDE_CHARACTERS,
  missingReferences,
  overrideCharacters,
  requestBytes,
  substitute,
} from "./request-size.ts";

const command = PARAMETER_NAMES.flatMap((name) => [`--${name}`, `Ref::${name}`]);
const definition = (words: readonly string[], more: object = {}): JobDefinition => ({
  ...{ jobDefinitionName: "d", jobDefinitionArn: "arn", revision: 1, type: "container" },
  parameters: { mode: "plain" },
  containerProperties: { image: "i", command: [...words], ...more },
});
const request: SubmitJobRequest = {
  ...{ jobName: "n", jobQueue: "q", jobDefinition: "d" },
  parameters: Object.fromEntries(PARAMETER_NAMES.map((name) => [name, "none"])),
};

describe("the size of a request", () => {
  it("is that of the command after substitution, with the definition's own parameters, variables and needs", () => {
    const own = definition([...command, "--mode", "Ref::mode", "x=Ref::task_id", "Ref::other"], {
      environment: [{ name: "A", value: "b" }],
      resourceRequirements: [
        { type: "VCPU", value: "1" },
        { type: "MEMORY", value: "100" },
      ],
    });
    const overrides = { containerOverrides: { resourceRequirements: [{ type: "VCPU" as const, value: "16" }] } };
    const expected = {
      command: [...PARAMETER_NAMES.flatMap((name) => [`--${name}`, "none"]), "--mode", "plain", "x=none", "Ref::other"],
      environment: [{ name: "A", value: "b" }],
      resourceRequirements: [
        { type: "VCPU", value: "16" },
        { type: "MEMORY", value: "100" },
      ],
    };
    expect(overrideCharacters(own, { ...request, ...overrides })).toBe(JSON.stringify(expected).length);
    expect(substitute(["Ref::a,Ref::b"], { a: "1", b: "2" })).toEqual(["1,2"]);
  });

  it("leaves so much room that one byte more would not fit", () => {
    for (const words of [command, [...command, "Ref::payload"], [...command, "x".repeat(6_000)]]) {
      const room = inlineRoom(definition(words), request);
      const withBytes = (bytes: number): SubmitJobRequest => ({
        ...request,
        parameters: { ...request.parameters, payload: Buffer.alloc(bytes, 255).toString("base64url") },
      });
      expect(fits(definition(words), withBytes(room))).toBe(true);
      // Three bytes make four characters.
      expect(fits(definition(words), withBytes(room + 3))).toBe(false);
    }
  });

  it("leaves no room where the definition takes all, and less where the payload stands twice", () => {
    const once = inlineRoom(definition(command), request);
    const twice = inlineRoom(definition([...command, "Ref::payload"]), request);
    expect(inlineRoom(definition([...command, "x".repeat(MAX_OVERRIDE_CHARACTERS)]), request)).toBe(0);
    expect(once).toBeGreaterThan(4_800);
    expect(twice).toBeGreaterThan(once / 2 - 100);
    expect(twice).toBeLessThan(once / 2 + 100);
    // Where the command takes the payload from nowhere, the request itself is the wall.
    const nowhere = inlineRoom(definition([]), request);
    expect(nowhere).toBeGreaterThan(21_000);
    const parameters = { ...request.parameters, payload: "A".repeat(Math.ceil((nowhere * 4) / 3)) };
    expect(requestBytes({ ...request, parameters })).toBeLessThanOrEqual(30 * 1024);
  });
});

it("misses what a command does not refer to", () => {
  expect(missingReferences(command)).toEqual([]);
  expect(missingReferences(["--all=Ref::task_id,Ref::payload", "Ref::s3_keys"])).toEqual([
    ...["compressed", "s3_bucket", "s3_prefix", "s3_key"],
  ]);
});
