import { describe, expect, it } from "vitest";
import { resolveOptions } from "../options/resolve-options.ts";
import { OPTIONS } from "../options/table.ts";
import { readSettings } from "./settings.ts";
import { trustWarnings } from "./trust-warnings.ts";

const ADDRESS = { "scheduler-address": "tcp://127.0.0.1:8516" };
const read = (flags: Record<string, unknown>) =>
  readSettings({ ...resolveOptions(OPTIONS, { flags, environment: {}, files: [] }), profiles: [] });

describe("readSettings", () => {
  it("has the defaults of the Python manager", () => {
    expect(read(ADDRESS)).toMatchObject({
      backend: "batch",
      name: "batch",
      workerSchedulerAddress: "tcp://127.0.0.1:8516",
      taskLimitMs: 3_600_000,
      heartbeatMs: 2_000,
      deathTimeoutMs: 300_000,
      connectTimeoutMs: undefined,
    });
  });

  it("needs a scheduler", () => {
    expect(() => read({})).toThrow(/^\[usage\] no scheduler address: expected tcp:\/\/HOST:PORT as the first argument/);
  });

  it.each([
    [{ "heartbeat-interval-seconds": "13" }, /link-timeout: expected at least twice the heartbeat interval/],
    [{ name: "a|b" }, /name: expected at most 64 characters/],
  ])("refuses %j", (flags, message) => {
    expect(() => read({ ...ADDRESS, ...flags })).toThrow(message);
  });
});

describe("trustWarnings", () => {
  const warnings = (address: string, tlsInsecure = false) =>
    trustWarnings({
      schedulerAddress: address,
      workerSchedulerAddress: address,
      objectStorageAddress: undefined,
      tlsInsecure,
    });

  it.each(["tcp://127.0.0.1:1", "tcp://localhost:1", "ws://[::1]:1", "tls://10.0.0.1:1", "wss://example.com:1"])(
    "says nothing about %s",
    (address) => {
      expect(warnings(address)).toEqual([]);
    },
  );

  it.each(["tcp://10.0.0.1:1", "ws://example.com:1"])("warns once of %s", (address) => {
    expect(warnings(address)).toEqual([expect.stringContaining(`${address} is neither encrypted nor authenticated`)]);
  });

  it("warns of servers that are not verified", () => {
    expect(warnings("tls://10.0.0.1:1", true)).toEqual([expect.stringContaining("--tls-insecure")]);
  });
});
