import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assertKey,
  bundleKey,
  frameKey,
  leaseKey,
  MAX_KEY_LENGTH,
  objectKey,
  outPrefix,
  parseFrameKey,
} from "./keys.ts";

const part = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/);

describe("keys", () => {
  it("are these, for ever", () => {
    expect(bundleKey("m-1", "job-1")).toBe("v1/in/m-1/job-1");
    expect(objectKey("m-1", "0f".repeat(32))).toBe(`v1/in/m-1/objects/${"0f".repeat(32)}`);
    expect(frameKey({ manager: "m-1", job: "job-1", child: 7, attempt: 2, n: 0 })).toBe("v1/out/m-1/job-1.7.2.0");
    expect(outPrefix("m-1", "job-1")).toBe("v1/out/m-1/job-1.");
    expect(leaseKey("m-1")).toBe("v1/managers/m-1/lease");
  });

  it("of frames come apart as they were put together, and are keys", () => {
    const count = fc.nat(999_999_999);
    fc.assert(
      fc.property(part, part, count, count, count, (manager, job, child, attempt, n) => {
        const parts = { manager, job, child, attempt: Math.max(1, attempt), n };
        const key = frameKey(parts);
        expect(parseFrameKey(key)).toEqual(parts);
        expect(key.startsWith(outPrefix(manager, job))).toBe(true);
        expect(key.length).toBeLessThanOrEqual(MAX_KEY_LENGTH);
        assertKey(key);
      }),
    );
  });

  it.each([
    "v1/out/m/j.0.1",
    "v1/out/m/j.0.1.0.0",
    "v1/out/m/j.00.1.0",
    "v1/out/m/j.0.0.0",
    "v1/out/m/j.0.1.-1",
    "v1/out/m/j.0.1.0 ",
    "v1/out/m/j.0.1.1e3",
    "v1/out/m/j.0.1.9999999999",
    "v1/out/m/.0.1.0",
    "v1/out/../j.0.1.0",
    "v1/out/-m/j.0.1.0",
    "v1/out/m/x/j.0.1.0",
    "v1/in/m/j.0.1.0",
    "v2/out/m/j.0.1.0",
    "/v1/out/m/j.0.1.0",
    "v1/out/m/j.0.1.0\n",
  ])("of frames are not %j", (key) => {
    expect(parseFrameKey(key)).toBeUndefined();
  });

  it("are never made of what users write", () => {
    for (const text of ["", "-a", "a b", "a/b", "..", "a.b", "ä", "a\n", "x".repeat(129)]) {
      expect(() => bundleKey(text, "j")).toThrow(/^\[internal\]/);
      expect(() => bundleKey("m", text)).toThrow(/^\[internal\]/);
      expect(() => objectKey("m", text)).toThrow(/^\[internal\]/);
    }
    expect(() => bundleKey("m", "objects")).toThrow(/^\[internal\]/);
    for (const n of [-1, 0.5, Number.NaN, 1e9]) {
      expect(() => frameKey({ manager: "m", job: "j", child: n, attempt: 1, n: 0 })).toThrow(/^\[internal\]/);
    }
    expect(() => frameKey({ manager: "m", job: "j", child: 0, attempt: 0, n: 0 })).toThrow(/^\[internal\]/);
  });
});
