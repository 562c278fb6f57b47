import { describe, expect, it } from "vitest";
import { decodeLease, encodeLease, type LeaseRecord } from "./lease.ts";

const lease: LeaseRecord = {
  ...{ epoch: 3, owner: "0a".repeat(16), host: "h", pid: 7, renewed: 1_700_000_000_000, released: false },
  scheduler: "s-1",
  workers: [{ id: `Worker|AWS|${"f".repeat(32)}`, profile: "default" }],
};

const changed = (more: object): Uint8Array => Buffer.from(JSON.stringify({ v: 1, ...lease, ...more }));

describe("a lease", () => {
  it("is read as it was written, with a scheduler or without", () => {
    expect(decodeLease("k", encodeLease(lease))).toEqual(lease);
    const { scheduler: _, ...plain } = lease;
    expect(decodeLease("k", encodeLease(plain))).toEqual(plain);
  });

  it("says how long the scheduler had not answered a worker", () => {
    const workers = [{ id: `Worker|AWS|${"f".repeat(32)}`, profile: "default", silent: 58_000 }];
    expect(decodeLease("k", encodeLease({ ...lease, workers })).workers).toEqual(workers);
    expect(() => decodeLease("k", changed({ workers: [{ ...workers[0], silent: -1 }] }))).toThrow(/silent/);
  });

  it.each([
    ["no JSON", Buffer.from("{")],
    ["no epoch", changed({ epoch: 0 })],
    ["an owner of another form", changed({ owner: "me" })],
    ["a worker id of another form", changed({ workers: [{ id: "Worker|a|b", profile: "default" }] })],
    ["workers that are none", changed({ workers: [1] })],
    ["a host of any length", changed({ host: "h".repeat(300) })],
    ["a process number that is none", changed({ pid: -1 })],
    ["a word for a flag", changed({ released: "no" })],
  ])("is refused with %s", (_, bytes) => {
    expect(() => decodeLease("k", bytes)).toThrow(/^\[corrupt\] lease k/);
  });

  it("of another version is not guessed at", () => {
    expect(() => decodeLease("k", changed({ v: 2 }))).toThrow(/^\[incompatible\]/);
  });
});
