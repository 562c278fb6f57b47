import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostServices } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { plugin } from "./plugin.ts";

const factory = plugin.payloadStores?.[0];
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const host: HostServices = { clock: { now: () => 0, sleep: async () => undefined }, log: silent, managerId: "m" };

it("contributes the store `fs`, in the directory that was asked for", async () => {
  expect([plugin.apiVersion, factory?.name, factory?.options?.[0]?.name]).toEqual([1, "fs", "store-dir"]);
  const base = await mkdtemp(join(tmpdir(), "payload-fs-test-"));
  const store = await factory?.open({ "store-dir": join(base, "new"), "store-durable": true }, host);
  expect(store?.locator).toEqual({ kind: "fs", root: join(base, "new") });
  await store?.[Symbol.asyncDispose]();
  await rm(base, { recursive: true });
});

it("refuses options of another type with words", async () => {
  await expect(factory?.open({ "store-dir": 3 }, host)).rejects.toThrow(/^\[config\] store-dir/);
  await expect(factory?.open({ "store-dir": "" }, host)).rejects.toThrow(/^\[config\] store-dir/);
  await expect(factory?.open({ "store-durable": "yes" }, host)).rejects.toThrow(/^\[config\] store-durable/);
});
