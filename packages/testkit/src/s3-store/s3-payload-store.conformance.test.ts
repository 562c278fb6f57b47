import { systemClock } from "@scaler-aws-hpc/adapter-core";
import { payloadStoreCases } from "@scaler-aws-hpc/adapter-core/conformance";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import { afterAll, beforeAll, describe, it } from "vitest";
import { FakeS3 } from "../fake-s3/index.ts";
import { awsEnvironment, withEnvironment } from "./s3-place.ts";

const quiet = (): void => undefined;
const host = { clock: systemClock, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } };
let fake: FakeS3;
let environment: Disposable;
let places = 0;

beforeAll(async () => {
  fake = await FakeS3.start({ buckets: ["payloads"] });
  environment = withEnvironment(awsEnvironment(fake.endpoint, "us-east-1"));
});

afterAll(async () => {
  environment?.[Symbol.dispose]();
  await fake?.[Symbol.asyncDispose]();
});

describe("S3PayloadStore keeps the payload-store contract", () => {
  const openPlace = async () => {
    const prefix = `tests/place-${places++}`;
    return {
      open: () => S3PayloadStore.open({ bucket: "payloads", prefix, owner: "123456789012" }, host),
      [Symbol.asyncDispose]: async () => undefined,
    };
  };
  for (const { name, run } of payloadStoreCases({ openPlace })) it(name, run, 30_000);
});

describe("S3PayloadStore keeps the payload-store contract when answers are lost, cut, slow and conflicting", () => {
  beforeAll(() => {
    fake.faults.add({ fault: "lost-response", rate: 0.1 });
    fake.faults.add({ fault: "lost-request", rate: 0.05 });
    fake.faults.add({ fault: "truncated", rate: 0.05 });
    fake.faults.add({ fault: "slow-down", rate: 0.02 });
    fake.faults.add({ fault: "internal-error", rate: 0.05 });
    fake.faults.add({ fault: "conflict", rate: 0.05, operations: ["PutObject"] });
  });
  afterAll(() => fake.faults.clear());
  const openPlace = async () => {
    const prefix = `tests/place-${places++}`;
    // Pauses are part of what is tested elsewhere: here they would only take time.
    const clock = { now: systemClock.now, sleep: async () => new Promise<void>((resolve) => setImmediate(resolve)) };
    return {
      open: () => S3PayloadStore.open({ bucket: "payloads", prefix, attempts: 12 }, { ...host, clock }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  };
  for (const { name, run } of payloadStoreCases({ openPlace })) it(name, run, 30_000);
});
