import { describe, expect, it } from "vitest";
import { readGreeting, writeGreeting } from "./greeting.ts";

const ymq2 = Buffer.from([0x59, 0x4d, 0x51, 2]);
const zmtp = Buffer.from("ff00000000000000017f", "hex");

describe("readGreeting", () => {
  it.each([0, 1, 2, 3])("waits for more after %i bytes of a YMQ greeting", (n) => {
    expect(readGreeting(ymq2.subarray(0, n))).toEqual({ speaks: "undecided" });
  });
  it.each([1, 2])("tells YMQ with magic %i", (magic) => {
    const head = Buffer.concat([Buffer.from([0x59, 0x4d, 0x51, magic]), Buffer.from("more")]);
    expect(readGreeting(head)).toEqual({ speaks: "ymq", magic, bytes: 4 });
  });
  it.each(Array.from({ length: 10 }, (_, n) => n))("waits for more after %i bytes of a ZeroMQ greeting", (n) => {
    expect(readGreeting(zmtp.subarray(0, n))).toEqual({ speaks: "undecided" });
  });
  it("tells ZeroMQ by the two ends of its signature", () => {
    expect(readGreeting(zmtp)).toEqual({ speaks: "zmq" });
    expect(readGreeting(Buffer.from("ff01020304050607087f03", "hex"))).toEqual({ speaks: "zmq" });
  });
  it("names the form from before the magic as too old", () => {
    const old = Buffer.alloc(8);
    old.writeBigUInt64LE(19n);
    for (let n = 0; n < 4; n++) expect(readGreeting(old.subarray(0, n))).toEqual({ speaks: "undecided" });
    expect(() => readGreeting(old)).toThrow(/^\[version\].*before Scaler 2\.0\.2/);
  });
  it("names an unknown YMQ version", () => {
    expect(() => readGreeting(Buffer.from([0x59, 0x4d, 0x51, 3]))).toThrow(/^\[version\].*version 3, expected 1 or 2/);
  });
  it.each(["HTTP/1.1 400", "SSH-2.0-x", "YMX\x01"])("refuses %s", (text) => {
    expect(() => readGreeting(Buffer.from(text, "latin1"))).toThrow(/^\[malformed\].*got [0-9a-f]+$/);
  });
  it("refuses ff without the end of the signature", () => {
    expect(() => readGreeting(Buffer.from("ff000000000000000100", "hex"))).toThrow(/^\[malformed\]/);
  });
});

it("answers with the same magic and the name as a frame", () => {
  expect(writeGreeting(1, "é").toString("hex")).toBe("594d51010200000000000000c3a9");
});
