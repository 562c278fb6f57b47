import { describe, expect, it } from "vitest";
import type { FoundJob } from "../../contracts/backend.ts";
import { encodeBundle } from "../../formats/bundle.ts";
import { encodeSection, type Section } from "../../formats/section.ts";
import { MemoryPayloadStore } from "../../memory/memory-payload-store.ts";
import { scripted } from "../../memory/scripted.ts";
import { readSections } from "./bundle-reader.ts";

const MIB = 1024 * 1024;
const SECRET = "5e".repeat(32);
const KEY = "v1/in/m/job-1";
const OBJECT = "ab".repeat(32);

function section(child: number, bytes: number): Section {
  return {
    ...{ job: "job-1", child, client: "00", taskLimitMs: 1_000, flushMs: 0, flushBytes: 1, fresh: false },
    serializer: OBJECT,
    objects: [{ id: OBJECT, raw: bytes, gzip: false, bytes: new Uint8Array(bytes).fill(child) }],
    tasks: [{ id: "0f".repeat(16), fn: OBJECT, args: [], stream: false, profiling: true }],
  };
}

async function stored(sizes: readonly number[]) {
  const store = scripted(new MemoryPayloadStore());
  const sections = sizes.map((bytes, child) => encodeSection(section(child, bytes)));
  const bundle = Buffer.concat(await encodeBundle({ job: "job-1", secret: SECRET, sections }));
  await store.put(KEY, bundle);
  const found: FoundJob = {
    ...{ name: "job-1", children: sizes.length, profile: "default", runner: "python", secret: SECRET, live: true },
    payload: { kind: "bundle", key: KEY },
  };
  return { store, bundle, found };
}

async function childrenOf(sections: AsyncIterable<Section>): Promise<number[]> {
  const children: number[] = [];
  for await (const { child } of sections) children.push(child);
  return children;
}

describe("readSections", () => {
  it("reads a small bundle with one request", async () => {
    const { store, bundle, found } = await stored([10, 20]);
    expect(await childrenOf(readSections(store, found, bundle.length))).toEqual([0, 1]);
    expect(store.calls.get).toHaveLength(1);
  });

  it("reads a big one by index and neighbours, never all of it at once", async () => {
    const { store, bundle, found } = await stored([3 * MIB, 3 * MIB, 3 * MIB, 9 * MIB, 100]);
    expect(await childrenOf(readSections(store, found, bundle.length))).toEqual([0, 1, 2, 3, 4]);
    const ranges = store.calls.get.map(([, options]) => (options as { range: { start: number; end: number } }).range);
    expect(ranges).toHaveLength(6);
    for (const { start, end } of ranges) expect(end - start).toBeLessThan(9.1 * MIB);
  });

  it("refuses a big one of which a byte was changed, and one that was cut", async () => {
    const { store, bundle, found } = await stored([5 * MIB, 5 * MIB]);
    bundle[bundle.length - 1] = 77;
    await store.put(KEY, bundle);
    await expect(childrenOf(readSections(store, found, bundle.length))).rejects.toThrow("another signature");
    await store.put(KEY, bundle.subarray(0, 9 * MIB));
    await expect(childrenOf(readSections(store, found, bundle.length))).rejects.toThrow("[corrupt]");
    await expect(childrenOf(readSections(store, found, 9 * MIB))).rejects.toThrow("[corrupt]");
  });

  it("gives nothing where the bundle is gone", async () => {
    const { store, bundle, found } = await stored([10]);
    await store.delete([KEY]);
    expect(await childrenOf(readSections(store, found, bundle.length))).toEqual([]);
    expect(await childrenOf(readSections(store, found, undefined))).toEqual([]);
  });
});
