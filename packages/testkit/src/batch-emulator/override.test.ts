import { describe, expect, it } from "vitest";
import { DEFINITION, EmulatorBed } from "../../test-support/emulator-bed.ts";
import { PROVISIONED } from "./definitions.ts";
import { LIMITS } from "./limits.ts";
import { type OverrideRule, overrideChars } from "./override-size.ts";

// How the 8,192 characters are counted is inferred from what others met, so three readings are played; none is a promise of AWS.

const EMPTY = { environment: {}, definitionEnvironment: {}, resourceRequirements: [] };

/** Characters of the override of a provisioned definition with a payload of that length, without what Batch adds. */
function own(payload: number): number {
  const { command } = PROVISIONED["containerProperties"] as { readonly command: readonly string[] };
  const words = command.map((word) => (word === "Ref::payload" ? "p".repeat(payload) : word));
  const values: Readonly<Record<string, string>> = { "Ref::compressed": "0" };
  return JSON.stringify({
    command: words.map((word) => (word.startsWith("Ref::") ? (values[word] ?? "none") : word)),
    environment: [],
    resourceRequirements: [
      { type: "VCPU", value: "1" },
      { type: "MEMORY", value: "1843" },
    ],
  }).length;
}

describe("the wall of 8,192 characters (inferred)", () => {
  const ADDED: readonly (readonly [OverrideRule, number])[] = [
    ["own", 0],
    ["measured", 512],
    ["strictest", 1_024],
  ];
  it.each(ADDED)("lets a job fail after its submit: %s", async (overrideRule, added) => {
    await using bed = await EmulatorBed.open({ overrideRule });
    const most = LIMITS.overrideChars.value - added - own(0);
    const fits = await bed.submit({ parameters: { payload: "p".repeat(most) } });
    const tooLong = await bed.submit({ parameters: { payload: "p".repeat(most + 1) } });
    expect(await bed.over(fits)).toMatchObject({ status: "SUCCEEDED" });
    expect(await bed.over(tooLong)).toMatchObject({
      status: "FAILED",
      statusReason: "Container Overrides length must be at most 8192",
      attempts: [],
    });
  });

  it("is never met by an override of 7,000 characters, however strictly it is counted", async () => {
    await using bed = await EmulatorBed.open({ overrideRule: "strictest" });
    const job = await bed.submit({ parameters: { payload: "p".repeat(7_000 - own(0)) } });
    expect(await bed.over(job)).toMatchObject({ status: "SUCCEEDED" });
  });

  it("fails all children of an array, without an attempt", async () => {
    await using bed = await EmulatorBed.open();
    const id = await bed.submit({ arrayProperties: { size: 3 }, parameters: { payload: "p".repeat(9_000) } });
    const parent = await bed.over(id);
    expect(parent).toMatchObject({ status: "FAILED", arrayProperties: { statusSummary: { FAILED: 3 } } });
    expect(bed.aws.containers.started).toBe(0);
  });

  it("counts what a careful writer of JSON escapes", () => {
    const override = { ...EMPTY, command: ["/é"] };
    const added = (rule: OverrideRule): number => overrideChars(override, rule) - overrideChars(override, "own");
    expect(added("measured")).toBe(512);
    expect(added("strictest")).toBe(1_024 + 1 + 5);
  });

  it("counts the definition's own variables in the strictest reading alone", () => {
    const override = { ...EMPTY, command: ["a"], definitionEnvironment: { NAME: "value" } };
    const without = { ...override, definitionEnvironment: {} };
    expect(overrideChars(override, "measured")).toBe(overrideChars(without, "measured"));
    expect(overrideChars(override, "strictest")).toBeGreaterThan(overrideChars(without, "strictest"));
  });
});

it("lets a job with too many tags fail when it propagates them", async () => {
  await using bed = await EmulatorBed.open({
    definitions: [{ ...PROVISIONED, jobDefinitionName: DEFINITION, tags: { one: "more" } }],
  });
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`tag-${at}`, "x"]));
  const propagating = await bed.submit({ tags, propagateTags: true });
  const plain = await bed.submit({ tags });
  expect(await bed.over(propagating)).toMatchObject({ status: "FAILED", attempts: [] });
  expect(await bed.over(plain)).toMatchObject({ status: "SUCCEEDED" });
});
