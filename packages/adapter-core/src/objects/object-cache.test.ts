import { describe, expect, it } from "vitest";
import { AdapterError } from "../contracts/adapter-error.ts";
import { ManualClock } from "../memory/manual-clock.ts";
import { MemoryObjects } from "../memory/memory-objects.ts";
import { ObjectCache } from "./object-cache.ts";

function setup(maxBytes = 100) {
  const clock = new ManualClock();
  const objects = new MemoryObjects(clock);
  const stop = new AbortController();
  const cache = new ObjectCache({ objects, clock, maxBytes, maxObjectBytes: 1_000, signal: stop.signal });
  const read = async (id: string): Promise<Uint8Array> => {
    const pin = cache.acquire(id);
    try {
      return await pin.bytes;
    } finally {
      cache.release(pin);
    }
  };
  return { clock, objects, cache, stop, read };
}

describe("ObjectCache", () => {
  it("reads an object once, however many ask at once or later", async () => {
    const { objects, read } = setup();
    objects.put("a", new Uint8Array(10));
    await Promise.all([read("a"), read("a")]);
    await read("a");
    expect(objects.gets).toEqual(["a"]);
  });

  it("drops what was used longest ago, and never what is held", async () => {
    const { objects, cache, read } = setup(100);
    for (const id of ["a", "b", "c", "d"]) objects.put(id, new Uint8Array(40));
    const held = cache.acquire("a");
    await held.bytes;
    for (const id of ["b", "c", "d"]) await read(id);
    expect(cache.bytes).toBeLessThanOrEqual(100);
    await read("a");
    await read("d");
    await read("b");
    expect(objects.gets).toEqual(["a", "b", "c", "d", "b"]);
    cache.release(held);
  });

  it("keeps a function that is used again and again, and not every small argument that ever was", async () => {
    const { objects, cache, read } = setup(1_000_000);
    const ids = Array.from({ length: 5_000 }, (_, at) => `argument-${at}`);
    for (const id of ["function", ...ids]) objects.put(id, new Uint8Array(1));
    for (const [at, id] of ids.entries()) {
      if (at % 1_000 === 0) await read("function");
      await read(id);
    }
    expect(objects.gets.filter((id) => id === "function")).toHaveLength(1);
    expect(cache.bytes).toBeLessThan(3_000);
  });

  it("knows when what is held fills it", async () => {
    const { objects, cache } = setup(100);
    objects.put("a", new Uint8Array(100));
    const pin = cache.acquire("a");
    await pin.bytes;
    expect(cache.full).toBe(true);
    cache.release(pin);
    expect(cache.full).toBe(false);
  });

  it("forgets a read that failed, and says which object was missing", async () => {
    const { clock, objects, read } = setup();
    const first = expect(read("ghost")).rejects.toThrow("input object ghost did not arrive within 60 s");
    await clock.advance(60_000);
    await first;
    objects.put("ghost", new Uint8Array(1));
    expect(await read("ghost")).toHaveLength(1);
  });

  it("refuses what is too long", async () => {
    const { objects, read } = setup();
    objects.put("a", new Uint8Array(1_001));
    await expect(read("a")).rejects.toThrow("above --max-payload (1000 bytes)");
  });

  it("tries again while the storage is away, within the time", async () => {
    const { clock, objects, read } = setup();
    objects.put("a", new Uint8Array(3));
    const get = objects.get.bind(objects);
    let failures = 3;
    objects.get = async (id, options) => {
      failures -= 1;
      if (failures >= 0) throw new AdapterError("unavailable", "gone");
      return await get(id, options);
    };
    const bytes = read("a");
    await clock.advance(2_000);
    expect(await bytes).toHaveLength(3);
  });

  it("lets holders keep what is dropped, and counts it no more", async () => {
    const { objects, cache, read } = setup();
    objects.put("a", new Uint8Array(50));
    const pin = cache.acquire("a");
    await pin.bytes;
    cache.drop(["a", "unknown"]);
    expect(cache.bytes).toBe(0);
    const again = cache.acquire("a");
    await again.bytes;
    cache.release(pin);
    expect(cache.bytes).toBe(50);
    cache.release(again);
    objects.put("ab", new Uint8Array(1));
    await read("ab");
    cache.dropOwned("a");
    expect(cache.bytes).toBe(0);
  });
});
