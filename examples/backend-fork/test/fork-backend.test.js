// @ts-check
import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { systemClock } from "@scaler-aws-hpc/adapter-core";
import { backendCases, pythonWorkload } from "@scaler-aws-hpc/adapter-core/conformance";
import { FsPayloadStore } from "@scaler-aws-hpc/payload-fs";
import { pythonRunner } from "@scaler-aws-hpc/runner-python";
import { plugin } from "scaler-aws-hpc-backend-fork";

// Whatever descends from a process of this test carries the mark in its environment.
const MARK = { FORK_BACKEND_TEST: randomUUID() };

/** @type {import("@scaler-aws-hpc/adapter-core").RunnerRecord} */
const runner = {
  ...pythonRunner,
  command: (options) => ({ file: "python3", args: [], ...pythonRunner.command?.(options), env: MARK }),
};

async function openPlace() {
  const [factory] = plugin.backends ?? [];
  if (factory === undefined) throw new Error("the plugin has no backend");
  const store = await FsPayloadStore.open();
  const quiet = () => {};
  const backend = await factory.open(
    { "fork-nice": 5 },
    {
      clock: systemClock,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      managerId: "conformance",
      profiles: [],
      runners: [runner],
      runnerOptions: {},
      store: store.locator,
    },
  );
  return { backend, store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

async function stillAlive() {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, "latin1").catch(() => "")));
  return environments.filter((text) => text.includes(MARK.FORK_BACKEND_TEST)).length;
}

const suite = { openPlace, workload: pythonWorkload, ...(process.platform === "linux" ? { stillAlive } : {}) };
for (const { name, run } of backendCases(suite)) test(name, { timeout: 60_000 }, run);

after(async () => {
  if (process.platform === "linux" && (await stillAlive()) > 0) throw new Error("processes are left");
});
