import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outcome } from "../../test-support/outcome.ts";
import { decodeValue, encodeValue } from "./value-object.ts";

const clone = (value: unknown): unknown => decodeValue(encodeValue(value));

const cloneables = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }).map((held) => ({ ...held })),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie("value"), { maxLength: 3 }).map((held) => new Set(held)),
  ),
})).value;

describe("a value object", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(cloneables, (value) => {
        expect(clone(value)).toEqual(value);
      }),
    );
  });

  it("keeps cycles, Buffers, errors and sparse arrays", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const back = clone(cycle);
    expect(back).toHaveProperty("self", back);
    expect(Buffer.isBuffer(clone(Buffer.from("abc")))).toBe(true);
    expect(clone(new RangeError("far"))).toEqual(new RangeError("far"));
    expect(Object.keys(clone(Object.assign(new Array(2), { 1: 1 })) as object)).toEqual(["1"]);
  });

  it("shares no memory with its bytes unless asked to", () => {
    const bytes = encodeValue(new Uint8Array([1, 2, 3]));
    const own = decodeValue(bytes) as Uint8Array;
    const view = decodeValue(bytes, { view: true }) as Uint8Array;
    bytes.fill(9, bytes.length - 3);
    expect([...own]).toEqual([1, 2, 3]);
    expect([...view]).toEqual([9, 9, 9]);
  });

  it("refuses what does not clone, by the path to it", () => {
    const refused = (value: unknown): string => outcome(() => encodeValue(value, "arguments[1]"));
    const deep = { list: [1, { "odd name": () => 1 }] };
    expect(refused({ callback: () => 1 })).toBe("[uncloneable] arguments[1].callback is a function (callback)");
    expect(refused(deep)).toBe('[uncloneable] arguments[1].list[1]["odd name"] is a function (odd name)');
    expect(refused(new Map([["k", Symbol("s")]]))).toBe('[uncloneable] arguments[1].get("k") is a symbol (Symbol(s))');
    expect(refused(new Set([new WeakMap()]))).toBe(
      "[uncloneable] arguments[1].values()[0] is a WeakMap, which cannot be cloned",
    );
    expect(refused({ later: Promise.resolve() })).toBe(
      "[uncloneable] arguments[1].later is a Promise, which cannot be cloned",
    );
    const getter = {
      get bad(): never {
        throw new Error("no");
      },
    };
    expect(refused(getter)).toBe("[uncloneable] arguments[1].bad cannot be read: no");
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    cycle["z"] = Symbol.iterator;
    expect(refused(cycle)).toBe("[uncloneable] arguments[1].z is a symbol (Symbol(Symbol.iterator))");
    expect(refused(new Proxy({}, {}))).toMatch(/^\[uncloneable\] arguments\[1\]/);
  });

  it("is refused when cut anywhere, or of another version", () => {
    const whole = encodeValue({ a: [1, "text", new Map([[1, 2n]])] });
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decodeValue(whole.subarray(0, length))).toThrow(/^\[corrupt\]/);
    }
    const later = Uint8Array.from(whole);
    later[7] = 2;
    expect(() => decodeValue(later)).toThrow(/^\[incompatible\] value object is of version 2/);
    const newer = Uint8Array.from(whole);
    newer[8] = 31;
    expect(() => decodeValue(newer)).toThrow(
      new RegExp(
        `^\\[incompatible\\] .*Node "${process.versions.node}" in version 31 .* read by Node ${process.versions.node}`,
      ),
    );
  });

  it("survives any bytes", () => {
    const whole = encodeValue({ a: [1, "text", new Map([[1, 2n]]), new Float64Array(3)] });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Uint8Array.from(whole);
        changed[at] = byte;
        expect(outcome(() => decodeValue(changed))).toMatch(/^($|\[(corrupt|incompatible)\])/);
      }),
    );
  });
});
