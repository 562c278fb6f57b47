import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeProfileResult, encodeProfileResult } from "./profile-result.ts";
import { decodeTaskFlags, encodeTaskFlags } from "./task-flags.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("task flags", () => {
  // Python: struct.pack("!?i?", ...)
  it.each([
    ["010000000501", { profiling: true, priority: 5, streamOutput: true }],
    ["007fffffff00", { profiling: false, priority: 2 ** 31 - 1, streamOutput: false }],
    ["01ffffffff00", { profiling: true, priority: -1, streamOutput: false }],
  ])("%s", (text, flags) => {
    expect(decodeTaskFlags(bytes(text))).toStrictEqual(flags);
    expect(hex(encodeTaskFlags(flags))).toBe(text);
  });

  it("are the defaults where there are none", () => {
    expect(decodeTaskFlags(new Uint8Array(0))).toStrictEqual({ profiling: true, priority: 0, streamOutput: false });
  });

  it.each([1, 5, 7])("are refused with %i bytes", (length) => {
    expect(() => decodeTaskFlags(new Uint8Array(length))).toThrow(/^\[malformed\]/);
  });

  it("refuse a priority that has no 32 bits", () => {
    for (const priority of [2 ** 31, 0.5, Number.NaN]) {
      expect(() => encodeTaskFlags({ profiling: true, priority, streamOutput: false })).toThrow(/^\[malformed\]/);
    }
  });
});

describe("profile results", () => {
  // Python: struct.pack("!fQf", 1.5, 2**33, 0.25)
  it("are sixteen big-endian bytes", () => {
    const profile = { durationSeconds: 1.5, peakMemoryBytes: 2 ** 33, cpuSeconds: 0.25 };
    expect(hex(encodeProfileResult(profile))).toBe("3fc0000000000002000000003e800000");
    expect(decodeProfileResult(encodeProfileResult(profile))).toStrictEqual(profile);
  });

  it("are nothing where there is none", () => {
    expect(decodeProfileResult(new Uint8Array(0))).toBeUndefined();
  });

  it.each([1, 15, 17])("are refused with %i bytes", (length) => {
    expect(() => decodeProfileResult(new Uint8Array(length))).toThrow(/^\[malformed\]/);
  });

  it("refuse memory that is no number of bytes", () => {
    for (const peakMemoryBytes of [-1, 0.5, 2 ** 53]) {
      expect(() => encodeProfileResult({ durationSeconds: 0, peakMemoryBytes, cpuSeconds: 0 })).toThrow(
        /^\[malformed\]/,
      );
    }
  });

  it("round-trip", () => {
    const float = fc.float({ noNaN: true });
    fc.assert(
      fc.property(float, fc.maxSafeNat(), float, (durationSeconds, peakMemoryBytes, cpuSeconds) => {
        const profile = { durationSeconds, peakMemoryBytes, cpuSeconds };
        expect(decodeProfileResult(encodeProfileResult(profile))).toStrictEqual(profile);
      }),
    );
  });
});
