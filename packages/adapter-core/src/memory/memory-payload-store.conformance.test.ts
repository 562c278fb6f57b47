import { describe, it } from "vitest";
import { payloadStoreCases } from "../conformance/index.ts";
import { MemoryPayloadStore, MemoryPlace } from "./memory-payload-store.ts";

describe("MemoryPayloadStore keeps the payload-store contract", () => {
  const openPlace = async () => {
    const place = new MemoryPlace();
    return { open: async () => new MemoryPayloadStore({ place }), [Symbol.asyncDispose]: async () => undefined };
  };
  for (const { name, run } of payloadStoreCases({ openPlace })) it(name, run);
});
