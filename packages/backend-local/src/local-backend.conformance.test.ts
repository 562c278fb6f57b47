import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { type BackendHost, type RunnerRecord, systemClock } from "@scaler-aws-hpc/adapter-core";
import { backendCases, pythonWorkload } from "@scaler-aws-hpc/adapter-core/conformance";
import { FsPayloadStore } from "@scaler-aws-hpc/payload-fs";
import { findPython, pythonRunner } from "@scaler-aws-hpc/runner-python";
import { describe, it } from "vitest";
import { LocalBackend } from "./index.ts";

const VARIABLE = "LOCAL_BACKEND_CONFORMANCE";
const mark = randomUUID();

// Whatever descends from a runner of this file carries the mark in its environment.
const runner: RunnerRecord = {
  ...pythonRunner,
  command: (options) => ({ file: "python3", args: [], ...pythonRunner.command?.(options), env: { [VARIABLE]: mark } }),
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

const reason = whyNoPython();

describe.skipIf(reason !== undefined)(
  `LocalBackend with the Python runner keeps the backend contract${reason ?? ""}`,
  () => {
    const suite = { openPlace, workload: pythonWorkload, ...(process.platform === "linux" ? { stillAlive } : {}) };
    for (const { name, run } of backendCases(suite)) it(name, run, 30_000);
  },
);

function whyNoPython(): string | undefined {
  try {
    findPython(undefined);
    return undefined;
  } catch (cause) {
    return ` (${String(cause)})`;
  }
}
