import type { HostServices } from "@scaler-aws-hpc/adapter-core";
import { checkPlugin } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import { plugin } from "./plugin.ts";

const factory = plugin.payloadStores?.[0];
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const host: HostServices = { clock: { now: () => 0, sleep: async () => undefined }, log: silent, managerId: "m" };

it("contributes the store `s3`, of which bucket and prefix tell deployments apart", () => {
  expect(checkPlugin({ plugin }).payloadStores?.map(({ name }) => name)).toEqual(["s3"]);
  const options = factory?.options ?? [];
  expect(options.map(({ name }) => name)).toEqual([
    "s3-bucket",
    "s3-prefix",
    "aws-region",
    "s3-bucket-owner",
    "s3-kms-key",
  ]);
  expect(options.filter(({ identifies }) => identifies).map(({ name }) => name)).toEqual(["s3-bucket", "s3-prefix"]);
  expect(options.filter(({ required }) => required).map(({ name }) => name)).toEqual(["s3-bucket"]);
});

it.each([
  [{}, /^\[config\] s3-bucket: expected the name of a bucket, got none; name it with --s3-bucket/],
  [{ "s3-bucket": "" }, /^\[config\] s3-bucket: .*got none/],
  [{ "s3-bucket": 3 }, /^\[config\] s3-bucket: expected text, got 3/],
  [{ "s3-bucket": "No" }, /^\[config\] s3-bucket/],
  [{ "s3-bucket": "payloads", "s3-prefix": "a b" }, /^\[config\] s3-prefix/],
  [{ "s3-bucket": "payloads", "s3-bucket-owner": "me" }, /^\[config\] s3-bucket-owner/],
])("refuses %o with words", async (options, message) => {
  await expect(factory?.open(options, host)).rejects.toThrow(message);
});
