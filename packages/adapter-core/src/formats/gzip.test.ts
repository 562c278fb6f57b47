import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMPRESS_FROM_BYTES, compress, decompress } from "./gzip.ts";

const LIMIT = 64 << 20;

describe("compress", () => {
  it("leaves small bytes as they are, up to 4 KiB", async () => {
    const bytes = Buffer.alloc(COMPRESS_FROM_BYTES - 1, "a");
    expect((await compress(bytes)).bytes).toBe(bytes);
    expect((await compress(Buffer.alloc(COMPRESS_FROM_BYTES, "a"))).gzip).toBe(true);
  });

  it.each([5_000, 30_000, 200_000])("leaves %i bytes of noise as they are", async (size) => {
    const bytes = randomBytes(size);
    expect(await compress(bytes)).toEqual({ bytes, gzip: false });
  });

  it("looks at the middle, not at a head that compresses well", async () => {
    const bytes = Buffer.concat([Buffer.alloc(5_000, "a"), randomBytes(200_000)]);
    expect((await compress(bytes)).gzip).toBe(false);
  });

  it.each([5_000, 32_768, 32_769, 300_000, 3_000_000])("comes back from %i bytes", async (size) => {
    const bytes = Buffer.alloc(size, "abcdefghij");
    const packed = await compress(bytes);
    expect(packed.gzip).toBe(true);
    expect(packed.bytes.length).toBeLessThan(size / 10);
    expect(Buffer.compare(await decompress(packed.bytes, size, LIMIT), bytes)).toBe(0);
  });

  it("comes back whatever the bytes are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 400 }), async (unit, times) => {
        const bytes = Buffer.concat(Array.from({ length: times }, () => unit));
        const packed = await compress(bytes);
        const back = packed.gzip ? await decompress(packed.bytes, bytes.length, LIMIT) : packed.bytes;
        expect(Buffer.compare(back, bytes)).toBe(0);
      }),
    );
  });

  it("rejects with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(compress(Buffer.alloc(9), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const running = compress(Buffer.alloc(1_000_000), { signal: stop.signal });
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});

describe("decompress", () => {
  const packed = gzipSync(Buffer.alloc(100_000, "x"));

  it("stops a bomb at the declared size, and refuses a declaration above the limit before it starts", async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    const before = process.memoryUsage().rss;
    await expect(decompress(bomb, 1000, LIMIT)).rejects.toThrow(/^\[corrupt\]/);
    await expect(decompress(bomb, 200_000, LIMIT)).rejects.toThrow(/^\[corrupt\]/);
    expect(process.memoryUsage().rss - before).toBeLessThan(32 << 20);
    await expect(decompress(bomb, LIMIT + 1, LIMIT)).rejects.toThrow(/^\[too-large\]/);
  });

  it.each([0, 1, 99_999, 100_001])("refuses 100,000 bytes that were declared as %i", async (raw) => {
    await expect(decompress(packed, raw, LIMIT)).rejects.toThrow(/^\[corrupt\]/);
  });

  it("refuses bytes cut anywhere, and bytes that are no gzip", async () => {
    for (let length = 0; length < packed.length; length += 1) {
      await expect(decompress(packed.subarray(0, length), 100_000, LIMIT)).rejects.toThrow(/^\[corrupt\]/);
    }
    await expect(decompress(randomBytes(100), 100, LIMIT)).rejects.toThrow(/^\[corrupt\]/);
  });
});
