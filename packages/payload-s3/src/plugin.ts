import { AdapterError, type Plugin, type PluginOptions } from "@scaler-aws-hpc/adapter-core";
import { DEFAULT_PREFIX } from "./s3-location.ts";
import { S3PayloadStore, type S3PayloadStoreOptions } from "./s3-payload-store.ts";

/** Contributes the payload store `s3`. */
export const plugin: Plugin = {
  apiVersion: 1,
  payloadStores: [
    {
      name: "s3",
      summary: "Keeps bundles and results in a bucket of Amazon S3",
      options: [
        {
          name: "s3-bucket",
          type: "string",
          summary: "Bucket for bundles and results",
          env: ["SCALER_S3_BUCKET"],
          group: "AWS",
          required: true,
          identifies: true,
        },
        {
          name: "s3-prefix",
          type: "string",
          summary: "What the names of all objects begin with; / for nothing",
          default: DEFAULT_PREFIX,
          group: "AWS",
          identifies: true,
        },
        {
          name: "aws-region",
          type: "string",
          summary: "AWS region. Default: that of the environment or the profile, else us-east-1",
          env: ["AWS_REGION", "AWS_DEFAULT_REGION"],
          group: "AWS",
        },
        {
          name: "s3-bucket-owner",
          type: "string",
          summary: "Account that must own the bucket (12 digits); requests to another's are refused",
          group: "AWS",
        },
        {
          name: "s3-kms-key",
          type: "string",
          summary: "KMS key that encrypts bundles and shared objects. Default: the bucket's own encryption",
          group: "AWS",
        },
      ],
      open: async (options, host) => await S3PayloadStore.open(storeOptions(options), host),
      checks: async (options, host) => (await import("./checks/s3-checks.ts")).s3Checks(storeOptions(options), host),
    },
  ],
};

/** Reads the options. @throws {AdapterError} `config` */
function storeOptions(options: PluginOptions): S3PayloadStoreOptions {
  const bucket = text(options, "s3-bucket");
  if (bucket === undefined) {
    throw new AdapterError("config", "s3-bucket: expected the name of a bucket, got none; name it with --s3-bucket");
  }
  // An empty prefix means none; an empty value of the others is none.
  const prefix = options["s3-prefix"] === "" ? "" : text(options, "s3-prefix");
  const region = text(options, "aws-region");
  const owner = text(options, "s3-bucket-owner");
  const kmsKey = text(options, "s3-kms-key");
  return {
    bucket,
    ...(prefix === undefined ? {} : { prefix }),
    ...(region === undefined ? {} : { region }),
    ...(owner === undefined ? {} : { owner }),
    ...(kmsKey === undefined ? {} : { kmsKey }),
  };
}

function text(options: PluginOptions, name: string): string | undefined {
  const value = options[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return value;
  throw new AdapterError("config", `${name}: expected text, got ${JSON.stringify(value)}`);
}
