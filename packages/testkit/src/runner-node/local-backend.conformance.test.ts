import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { type BackendHost, type RunnerRecord, systemClock } from "@scaler-aws-hpc/adapter-core";
import { backendCases } from "@scaler-aws-hpc/adapter-core/conformance";
import { LocalBackend } from "@scaler-aws-hpc/backend-local";
import { FsPayloadStore } from "@scaler-aws-hpc/payload-fs";
import { nodeRunner } from "@scaler-aws-hpc/runner-node";
import { describe, it } from "vitest";
import { nodeWorkload } from "../../test-support/runner-node/node-workload.ts";

const VARIABLE = "LOCAL_NODE_CONFORMANCE";
const mark = randomUUID();

// Whatever descends from a runner of this file carries the mark in its environment.
const runner: RunnerRecord = {
  ...nodeRunner,
  command: (options) => ({ file: "node", args: [], ...nodeRunner.command?.(options), env: { [VARIABLE]: mark } }),
};

const openPlace = async () => {
  const store = await FsPayloadStore.open();
  const quiet = (): void => undefined;
  const host: BackendHost = {
    clock: systemClock,
    log: { debug: quiet, info: quiet, warn: console.warn, error: console.error },
    managerId: "conformance",
    profiles: [],
    runners: [runner],
    runnerOptions: {},
    store: store.locator,
  };
  return { backend: new LocalBackend(host), store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
};

async function stillAlive(): Promise<number> {
  const marks = (await readdir("/proc"))
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readFile(`/proc/${pid}/environ`, "latin1").catch(() => ""));
  return (await Promise.all(marks)).filter((environ) => environ.includes(`${VARIABLE}=${mark}`)).length;
}

describe("LocalBackend with the Node runner keeps the backend contract", () => {
  const suite = { openPlace, workload: nodeWorkload, ...(process.platform === "linux" ? { stillAlive } : {}) };
  for (const { name, run } of backendCases(suite)) it(name, run, 30_000);
});
