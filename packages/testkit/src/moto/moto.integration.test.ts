import { type PayloadStore, systemClock } from "@scaler-aws-hpc/adapter-core";
import { payloadStoreCases } from "@scaler-aws-hpc/adapter-core/conformance";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withEnvironment } from "../s3-store/s3-place.ts";
import { type Moto, startMoto } from "./index.ts";

const quiet = (): void => undefined;
const host = { clock: systemClock, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } };
let moto: Moto;
let environment: Disposable;
let places = 0;

beforeAll(async () => {
  moto = await startMoto({ buckets: ["payloads"] });
  environment = withEnvironment(moto.env);
});

afterAll(async () => {
  environment?.[Symbol.dispose]();
  await moto?.[Symbol.asyncDispose]();
});

describe("S3PayloadStore keeps the payload-store contract on moto", () => {
  const openPlace = async () => {
    const prefix = `tests/place-${places++}`;
    return {
      open: (): Promise<PayloadStore> => S3PayloadStore.open({ bucket: "payloads", prefix }, host),
      [Symbol.asyncDispose]: async () => undefined,
    };
  };
  for (const { name, run } of payloadStoreCases({ openPlace })) it(name, run, 60_000);
});

describe("a bucket of moto", () => {
  it("that is not there is named, with what to do", async () => {
    const opened = S3PayloadStore.open({ bucket: "no-such-bucket" }, host);
    await expect(opened).rejects.toThrow(
      /^\[config\] open s3:\/\/no-such-bucket: bucket no-such-bucket does not exist; create/,
    );
  });

  it("takes an empty prefix, and a key for encryption", async () => {
    await moto.createBucket("plain");
    await using store = await S3PayloadStore.open({ bucket: "plain", prefix: "", kmsKey: "alias/payloads" }, host);
    expect(store.locator).toEqual({ kind: "s3", bucket: "plain", prefix: "", region: "eu-central-1", owner: "-" });
    await store.put("v1/in/m/job", Buffer.alloc(9 * 1024 * 1024, 7));
    await store.put("v1/in/m/other", Buffer.from("x"));
    const keys: string[] = [];
    for await (const { key } of store.list("v1/in/")) keys.push(key);
    expect(keys).toEqual(["v1/in/m/job", "v1/in/m/other"]);
  });
});
