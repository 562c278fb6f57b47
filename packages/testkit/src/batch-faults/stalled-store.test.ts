import { systemClock } from "@scaler-aws-hpc/adapter-core";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import { expect, it, vi } from "vitest";
import { FakeS3 } from "../fake-s3/index.ts";

it("a store closes though S3 stopped to answer, and what waited for it is told", async () => {
  await using s3 = await FakeS3.start({ buckets: ["bucket"] });
  vi.stubEnv("AWS_ENDPOINT_URL_S3", s3.endpoint);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAEMULATED");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "emulated");
  const quiet = () => undefined;
  const log = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };
  const store = await S3PayloadStore.open({ bucket: "bucket", region: "us-east-1" }, { clock: systemClock, log });
  vi.unstubAllEnvs();
  s3.faults.add({ fault: "stall" });
  const read = store.get("v1/in/m/job").then(
    () => "answered",
    (reason: unknown) => String(reason),
  );
  const begun = performance.now();
  await store[Symbol.asyncDispose]();
  expect(performance.now() - begun).toBeLessThan(4_000);
  expect(await read).toContain("[unavailable]");
}, 10_000);
