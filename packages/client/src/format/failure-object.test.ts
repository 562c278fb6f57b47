import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outcome } from "../../test-support/outcome.ts";
import { isClientError } from "../client-error.ts";
import { decodeFailure, encodeFailure, managerFailure } from "./failure-object.ts";

const thrownBack = (thrown: unknown): unknown => decodeFailure(encodeFailure(thrown)).reason;

class Shortage extends Error {
  override readonly name = "Shortage";
  readonly code = "E_SHORT";
  readonly missing = new Map([["bolts", 3n]]);
  readonly retry = (): void => {};
}

describe("a failure object", () => {
  it("keeps name, message, stack, cause and own fields", () => {
    const error = new Shortage("too few", { cause: new TypeError("not a bolt", { cause: "a nut" }) });
    const back = thrownBack(error) as Shortage;
    expect(back).toBeInstanceOf(Error);
    expect([back.name, back.message, back.stack]).toEqual(["Shortage", "too few", error.stack]);
    expect(back.cause).toBeInstanceOf(TypeError);
    expect(back.cause).toHaveProperty("cause", "a nut");
    expect(Object.keys(back).sort()).toEqual(["code", "missing"]); // a function does not clone and is left out
    expect(back.missing).toEqual(new Map([["bolts", 3n]]));
    expect(String(back)).toBe("Shortage: too few");
  });

  it("keeps built-in classes, aggregates, and what is thrown and no error", () => {
    expect(thrownBack(new RangeError("far"))).toBeInstanceOf(RangeError);
    const many = thrownBack(new AggregateError([new Error("a"), "b"], "two")) as AggregateError;
    expect(many).toBeInstanceOf(AggregateError);
    expect(many.errors).toEqual([new Error("a"), "b"]);
    expect(thrownBack("text")).toBe("text");
    expect(thrownBack(undefined)).toBeUndefined();
    expect(thrownBack({ code: 7 })).toEqual({ code: 7 });
    expect(thrownBack(function stop() {})).toEqual(new Error("thrown and not cloneable: function stop"));
  });

  it("comes of whatever is thrown: cycles, thousands of causes, fields that throw, megabytes", () => {
    const cycle = new Error("round");
    cycle.cause = cycle;
    expect(thrownBack(cycle)).toHaveProperty("cause.cause.cause.message", "round");
    const many = new AggregateError(Array.from({ length: 10_000 }, (_, index) => new Error(String(index))));
    expect((thrownBack(many) as AggregateError).errors.length).toBeLessThan(200);
    const odd = Object.defineProperty(new Error("odd"), "bad", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    expect(thrownBack(odd)).toHaveProperty("message", "odd");
    expect(encodeFailure(new Error("x".repeat(10_000_000))).length).toBeLessThan(1_000_000);
    expect(encodeFailure(Object.assign(new Error("big"), { data: Buffer.alloc(64 << 20) })).length).toBeLessThan(
      100_000,
    );
    const hostile = new Proxy(new Error("p"), {
      get() {
        throw new Error("no");
      },
    });
    expect(() => encodeFailure(hostile)).not.toThrow();
    expect(
      Object.keys(thrownBack(Object.assign(new Error("p"), JSON.parse('{"__proto__": {"polluted": 1}}'))) as object),
    );
    expect({}).not.toHaveProperty("polluted");
  });

  it("of a manager has its kind as the code", () => {
    for (const kind of ["timeout", "memory", "worker-died", "runtime"] as const) {
      const { by, reason } = decodeFailure(managerFailure(kind, "it ended"));
      expect(by).toBe("manager");
      expect(isClientError(reason) && reason.code).toBe(kind);
      expect(reason).toHaveProperty("message", `[${kind}] it ended`);
    }
    const golden = "SAHNERR\x01\x24\0\0\0" + '{"manager":"timeout","message":"é"}';
    expect(Buffer.from(managerFailure("timeout", "é")).toString("utf8")).toBe(golden);
  });

  it("is refused when cut anywhere, and survives any bytes", () => {
    const whole = encodeFailure(new Shortage("too few", { cause: 1 }));
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decodeFailure(whole.subarray(0, length))).toThrow(/^\[corrupt\]/);
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Uint8Array.from(whole);
        changed[at] = byte;
        expect(outcome(() => decodeFailure(changed))).toMatch(/^($|\[(corrupt|incompatible)\])/);
      }),
    );
  });
});
