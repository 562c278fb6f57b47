import { join } from "node:path";
import { backendCases, pythonWorkload } from "@scaler-aws-hpc/adapter-core/conformance";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import { findPython } from "@scaler-aws-hpc/runner-python";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type BatchEmulator, PROVISIONED } from "../batch-emulator/index.ts";
import { repositoryRoot } from "../scaler/index.ts";
import { batchHost, openBackend, startEmulator } from "./bed.ts";

const BUCKET = "emulator-bucket";
const RUNNER = join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");

const { reason, python } = ((): { readonly reason?: string; readonly python: string } => {
  try {
    return { python: findPython(undefined).file };
  } catch (cause) {
    return { reason: ` (${String(cause)})`, python: "" };
  }
})();

describe.skipIf(reason !== undefined)(
  `BatchBackend with the Python runner on the emulator keeps the backend contract${reason ?? ""}`,
  () => {
    let aws: BatchEmulator;
    let places = 0;

    beforeAll(async () => {
      aws = await startEmulator({
        runner: { mode: "process", argv: [python, "-B", RUNNER] },
        s3: { buckets: [BUCKET] },
        definitions: [{ ...PROVISIONED, jobDefinitionName: "emulator-job" }],
        stopGraceMs: 2_000,
      });
    });
    afterAll(async () => {
      await aws?.[Symbol.asyncDispose]();
    });

    const openPlace = async () => {
      const { host: plain } = batchHost({ managerId: "conformance" });
      const store = await S3PayloadStore.open({ bucket: BUCKET, prefix: `place-${places++}` }, plain);
      const reopen = () => openBackend({ ...plain, store: store.locator });
      const backend = await reopen();
      // The cases take a listing that shows jobs of others for their own, and jobs outlive the backend.
      const children = (await backend.list()).flatMap(({ name: job, children: count }) =>
        Array.from({ length: count }, (_, child) => ({ job, child })),
      );
      await backend.cancel(children, "left by an earlier case");
      return { backend, store, reopen, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
    };
    for (const { name, run } of backendCases({ openPlace, workload: pythonWorkload })) it(name, run, 60_000);
  },
);
