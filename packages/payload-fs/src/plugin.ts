import { AdapterError, type Plugin, type PluginOptions } from "@scaler-aws-hpc/adapter-core";
import { FsPayloadStore, type FsPayloadStoreOptions } from "./fs-payload-store.ts";

/** Contributes the payload store `fs`. */
export const plugin: Plugin = {
  apiVersion: 1,
  payloadStores: [
    {
      name: "fs",
      summary: "Keeps bundles and results in a directory of this machine",
      options: [
        {
          name: "store-dir",
          type: "string",
          summary: "Directory for bundles and results; made if absent. Default: a temporary one, removed at the end",
        },
        {
          name: "store-durable",
          type: "boolean",
          summary: "Wait at each write until the device has the bytes, so that they survive a crash of the host",
          default: false,
        },
      ],
      open: async (options) => await FsPayloadStore.open(storeOptions(options)),
      checks: async (options) => (await import("./fs-checks.ts")).fsChecks(storeOptions(options)),
    },
  ],
};

/** Reads the options. @throws {AdapterError} `config` */
function storeOptions(options: PluginOptions): FsPayloadStoreOptions {
  const directory = options["store-dir"];
  const durable = options["store-durable"];
  if (directory !== undefined && (typeof directory !== "string" || directory === "")) {
    throw new AdapterError("config", `store-dir: expected the path of a directory, got ${JSON.stringify(directory)}`);
  }
  if (durable !== undefined && typeof durable !== "boolean") {
    throw new AdapterError("config", `store-durable: expected true or false, got ${JSON.stringify(durable)}`);
  }
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(durable === undefined ? {} : { durable }),
  };
}
