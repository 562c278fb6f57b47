import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Option, OptionType } from "./option.ts";
import { parseValue } from "./parse-value.ts";

const option = (type: OptionType, more: Partial<Option> = {}): Option => ({
  name: "x",
  type,
  group: "Work",
  summary: "",
  ...more,
});

describe("parseValue", () => {
  it.each([
    [option("string"), "a", "a"],
    [option("string"), 5, "5"],
    [option("strings"), ["a", "b"], ["a", "b"]],
    [option("strings"), "a", ["a"]],
    [option("choice", { choices: ["info", "warning"] }), "INFO", "info"],
    [option("integer", { min: 1 }), "100", 100],
    [option("integer"), -1, -1],
    [option("number"), "0.5", 0.5],
    [option("boolean"), "Yes", true],
    [option("boolean"), false, false],
    [option("boolean"), "0", false],
    [option("seconds"), "90", 90],
    [option("seconds"), "1.5m", 90],
    [option("seconds"), "250 ms", 0.25],
    [option("bytes"), "1GiB", 2 ** 30],
    [option("bytes"), "1.5 kb", 1_500],
    [option("address"), "tls://[::1]:8516", "tls://[::1]:8516"],
    [option("capabilities"), "linux, cpu=4", { linux: -1, cpu: 4 }],
    [option("capabilities"), "", {}],
    [option("capabilities"), { gpu: 2 }, { gpu: 2 }],
    [option("capabilities"), ["linux", "cpu=4"], { linux: -1, cpu: 4 }],
  ])("reads %o: %o as %o", (spec, raw, value) => {
    expect(parseValue(spec, raw)).toEqual(value);
  });

  it.each([
    [option("string"), "", /expected a text that is not empty, got ""/],
    [option("string"), true, /got true/],
    [
      option("choice", { choices: ["debug", "info"] }),
      "dbug",
      /one of debug, info \(did you mean debug\?\), got "dbug"/,
    ],
    [option("integer", { min: 1 }), "0", /expected at least 1, got "0"/],
    [option("integer", { min: 1, max: 9 }), 10, /expected 1 to 9, got 10/],
    [option("integer"), "3.5", /a whole number/],
    [option("integer"), "1e3", /a whole number/],
    [option("number"), "NaN", /a number/],
    [option("boolean"), "maybe", /true or false/],
    [option("seconds"), "5 days", /a number of seconds/],
    [option("bytes"), "-1", /a number of bytes/],
    [option("address"), "localhost:8516", /there is no scheme/],
    [option("capabilities"), "cpu=four", /a whole number for the capability cpu, got "four"/],
    [option("capabilities"), "a b", /capabilities as linux,cpu=4/],
  ])("refuses %o: %o", (spec, raw, message) => {
    expect(() => parseValue(spec, raw)).toThrow(message);
  });

  it("survives every name that a capability can have", () => {
    expect(parseValue(option("capabilities"), "__proto__=1,constructor")).toEqual(
      Object.fromEntries([
        ["__proto__", 1],
        ["constructor", -1],
      ]),
    );
  });

  it("throws nothing but an Error, whatever it is given", () => {
    const types: OptionType[] = [
      "string",
      "strings",
      "choice",
      "integer",
      "seconds",
      "bytes",
      "address",
      "capabilities",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.anything(), (type, raw) => {
        try {
          parseValue(option(type), raw);
        } catch (reason) {
          expect(reason).toBeInstanceOf(Error);
          expect((reason as Error).message.length).toBeLessThan(600);
        }
      }),
    );
  });
});
