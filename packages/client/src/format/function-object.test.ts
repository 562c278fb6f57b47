import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outcome } from "../../test-support/outcome.ts";
import { decodeFunction, encodeFunction, MAX_FUNCTION_HEADER_BYTES, moduleDigest } from "./function-object.ts";
import { taskFunction } from "./task-function.ts";

const module = Buffer.from("export const double = (n) => 2 * n;\n");
const fn = { name: "double", exportName: "double", node: "22.13.0", module };

describe("a function object", () => {
  it("comes back as it was, with the digest of its module", () => {
    expect(decodeFunction(encodeFunction(fn))).toEqual({ ...fn, sha256: moduleDigest(module) });
    expect(encodeFunction(fn)).toEqual(encodeFunction({ ...fn }));
  });

  it("is refused when cut or changed anywhere", () => {
    const whole = encodeFunction(fn);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decodeFunction(whole.subarray(0, length))).toThrow(/^\[corrupt\]/);
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(whole);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const digest = (): string => moduleDigest(decodeFunction(changed).module);
        const said = outcome(digest);
        // A name may change, the module may not.
        if (said === "") expect(digest()).toBe(moduleDigest(module));
        else expect(said).toMatch(/^\[(corrupt|incompatible)\]/);
      }),
    );
  });

  it("bounds its header and its names", () => {
    const long = Buffer.from(encodeFunction(fn));
    long.writeUInt32LE(MAX_FUNCTION_HEADER_BYTES + 1, 8);
    expect(() => decodeFunction(Buffer.concat([long, Buffer.alloc(MAX_FUNCTION_HEADER_BYTES)]))).toThrow(
      /^\[corrupt\]/,
    );
    expect(() => encodeFunction({ ...fn, name: "" })).toThrow(/^\[config\] name/);
    expect(() => encodeFunction({ ...fn, exportName: "x".repeat(513) })).toThrow(/^\[config\] export/);
  });
});

describe("taskFunction", () => {
  const double = (n: unknown): unknown => n;

  it("finds an export, also of a CommonJS module", () => {
    expect(taskFunction({ double }, "double")).toBe(double);
    expect(taskFunction({ default: { double } }, "double")).toBe(double);
    expect(taskFunction({ default: double }, "default")).toBe(double);
  });

  it("names what is exported where the task is not", () => {
    expect(() => taskFunction({ a: 1, b: 2 }, "double")).toThrow(/^\[task\] .*function double \(it exports a, b\)/);
  });
});
