import { describe, expect, it } from "vitest";
import { keyOfName, objectName, s3Location } from "./s3-location.ts";

describe("the place of a store", () => {
  it.each([
    [undefined, "scaler-tasks"],
    ["", ""],
    ["/", ""],
    ["/a/b/", "a/b"],
    ["a", "a"],
  ])("takes the prefix %o as %o", (prefix, expected) => {
    const location = s3Location({ bucket: "payloads", ...(prefix === undefined ? {} : { prefix }) });
    expect(location).toEqual({ bucket: "payloads", prefix: expected, owner: undefined });
    expect(keyOfName(location, objectName(location, "v1/in/m/k"))).toBe("v1/in/m/k");
    expect(objectName(location, "k")).toBe(expected === "" ? "k" : `${expected}/k`);
  });

  it.each([
    [{ bucket: "" }, /^\[config\] s3-bucket: expected the name of a bucket .*, got ""/],
    [{ bucket: "Payloads" }, /s3-bucket/],
    [{ bucket: "a/b" }, /s3-bucket/],
    [{ bucket: "a..b" }, /s3-bucket/],
    [{ bucket: "x".repeat(64) }, /s3-bucket/],
    [{ bucket: "s3://payloads" }, /s3-bucket/],
    [{ bucket: "p--use1-az4--x-s3" }, /s3-bucket: .* is a directory bucket/],
    [{ bucket: "payloads", prefix: "a//b" }, /^\[config\] s3-prefix: expected names/],
    [{ bucket: "payloads", prefix: "../a" }, /s3-prefix/],
    [{ bucket: "payloads", prefix: "a b" }, /s3-prefix/],
    [{ bucket: "payloads", prefix: "x".repeat(257) }, /^\[config\] s3-prefix: at most 256 characters, got 257/],
    [{ bucket: "payloads", owner: "1234" }, /^\[config\] s3-bucket-owner: expected the 12 digits/],
  ])("refuses %o", (options, message) => {
    expect(() => s3Location(options)).toThrow(message);
  });

  it("takes a prefix of 256 characters", () => {
    expect(s3Location({ bucket: "payloads", prefix: "x".repeat(256) }).prefix).toHaveLength(256);
  });
});
