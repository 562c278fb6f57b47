import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payloadStoreCases } from "@scaler-aws-hpc/adapter-core/conformance";
import { describe, it } from "vitest";
import { FsPayloadStore } from "./fs-payload-store.ts";

const openPlace = (durable: boolean) => async () => {
  const directory = await mkdtemp(join(tmpdir(), "payload-fs-test-"));
  return {
    open: () => FsPayloadStore.open({ directory, durable }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
};

describe("FsPayloadStore keeps the payload-store contract", () => {
  for (const { name, run } of payloadStoreCases({ openPlace: openPlace(false) })) it(name, run);
});

describe("FsPayloadStore keeps the payload-store contract when durable", () => {
  const suite = { openPlace: openPlace(true), bigBytes: 1024 * 1024 };
  for (const { name, run } of payloadStoreCases(suite)) if (!/more objects than a page/.test(name)) it(name, run);
});
