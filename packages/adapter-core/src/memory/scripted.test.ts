import { describe, expect, it } from "vitest";
import { MemoryPayloadStore } from "./memory-payload-store.ts";
import { scripted } from "./scripted.ts";

const bytes = Buffer.from("x");

describe("scripted", () => {
  it("follows its script call by call, then passes through, and records every call", async () => {
    const store = scripted(new MemoryPayloadStore(), { put: ["ok", "unavailable"] });
    await store.put("a", bytes);
    await expect(store.put("b", bytes)).rejects.toThrow(/^\[unavailable\]/);
    await store.put("c", bytes, { if: "absent" });
    expect(store.calls.put.map(([key]) => key)).toEqual(["a", "b", "c"]);
    expect(store.calls.get).toEqual([]);
    expect(await store.get("b")).toBeUndefined();
    expect(await store.get("c")).toBeDefined();
  });

  it("does a call and then fails, so that the caller cannot know", async () => {
    const store = scripted(new MemoryPayloadStore(), { put: [{ after: "unavailable" }] });
    await expect(store.put("a", bytes, { if: "absent" })).rejects.toThrow(/^\[unavailable\]/);
    expect(await store.put("a", bytes, { if: "absent" })).toEqual({ stored: false });
  });

  it("stalls until aborted, before or after the call was done", async () => {
    const store = scripted(new MemoryPayloadStore());
    store.script({ put: ["stall", { stallAfter: true }] });
    for (const done of [false, true]) {
      const stop = new AbortController();
      const put = store.put("a", bytes, { signal: stop.signal });
      setTimeout(() => stop.abort(new Error("enough")), 5);
      await expect(put).rejects.toThrow("enough");
      expect((await store.get("a")) !== undefined).toBe(done);
    }
  });

  it("fails a list when it is read, also after all of it", async () => {
    const store = scripted(new MemoryPayloadStore(), { list: ["throttled", { after: "unavailable" }] });
    await store.put("a", bytes);
    const read = async (): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key } of store.list("")) keys.push(key);
      return keys;
    };
    await expect(read()).rejects.toThrow(/^\[throttled\]/);
    const seen: string[] = [];
    const readAll = async (): Promise<void> => {
      for await (const object of store.list("")) seen.push(object.key);
    };
    await expect(readAll()).rejects.toThrow(/^\[unavailable\]/);
    expect(seen).toEqual(["a"]);
    expect(await read()).toEqual(["a"]);
  });

  it("leaves traits, places and disposal alone", async () => {
    const inner = new MemoryPayloadStore();
    const store = scripted(inner);
    expect(store.traits).toBe(inner.traits);
    await store[Symbol.asyncDispose]();
    await expect(inner.get("a")).rejects.toThrow(/^\[unavailable\]/);
  });
});
