import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FrameBody, FrameResult } from "./frame.ts";
import { decodeFrame, frameBlob } from "./frame-decode.ts";
import { encodeFrame } from "./frame-encode.ts";
import { compress } from "./gzip.ts";
import { FRAME_MAGIC } from "./magic.ts";
import { tagFrame } from "./tag.ts";

const secret = "5e".repeat(32);
const key = "v1/out/m-1/job-1.0.1.0";

const facts = { task: 0, id: "ab".repeat(16), seconds: 0.25, peakBytes: 1024, cpuSeconds: 0.125 };
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const body: FrameBody = {
  runner: "fake/1.0",
  results: [
    { ...facts, status: "ok", blob: bytes("result"), raw: 6, gzip: false, out: bytes("hello\n"), started: 0.5 },
    { ...facts, task: 2, status: "error", blob: bytes("exception"), raw: 9, gzip: false, err: bytes("x") },
    {
      ...facts,
      task: 1,
      status: "died",
      cause: { kind: "signal", reason: "ended by SIGSEGV", signal: 11, first: true },
    },
  ],
  notStarted: [3, 4],
  last: true,
};

async function encoded(of: FrameBody = body, at = key, by = secret): Promise<Buffer> {
  return Buffer.concat(await encodeFrame(at, of, by));
}

/** A frame whose signature is right and whose header is whatever is given. */
async function forged(header: unknown, blobs: Uint8Array = new Uint8Array()): Promise<Buffer> {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const head = Buffer.alloc(48);
  head.set(FRAME_MAGIC, 0);
  head.writeUInt32LE(text.length, 8);
  head.set(await tagFrame(secret, key, [text, blobs]), 16);
  return Buffer.concat([head, text, blobs]);
}

describe("result frame", () => {
  it("comes back as it was written", async () => {
    const frame = await decodeFrame(key, await encoded(), secret);
    expect(frame).toMatchObject({ key, manager: "m-1", job: "job-1", child: 0, attempt: 1, n: 0, runner: "fake/1.0" });
    expect(frame.notStarted).toEqual([3, 4]);
    expect(frame.results.map(plain)).toEqual(body.results.map(plain));
  });

  it("is refused when cut after any number of bytes", async () => {
    const whole = await encoded();
    for (let length = 0; length < whole.length; length += 1) {
      await expect(decodeFrame(key, whole.subarray(0, length), secret)).rejects.toThrow(/^\[corrupt\]/);
    }
    await expect(decodeFrame(key, Buffer.concat([whole, Buffer.from([0])]), secret)).rejects.toThrow(/^\[corrupt\]/);
  });

  it("is refused when any one bit is flipped", async () => {
    const whole = await encoded();
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(decodeFrame(key, changed, secret)).rejects.toThrow(/^\[(?:corrupt|incompatible)\]/);
    }
  });

  it("is refused under another key, with another secret, and where the header's end was moved into blanks", async () => {
    const whole = await encoded();
    await expect(decodeFrame("v1/out/m-1/job-1.0.2.0", whole, secret)).rejects.toThrow(/another signature/);
    await expect(decodeFrame("v1/out/m-2/job-1.0.1.0", whole, secret)).rejects.toThrow(/another signature/);
    await expect(decodeFrame(key, whole, "5f".repeat(32))).rejects.toThrow(/another signature/);
    await expect(decodeFrame("v1/in/m-1/job-1", whole, secret)).rejects.toThrow(/^\[corrupt\]/);
    const blank = await encoded({
      ...body,
      results: [{ ...facts, status: "ok", blob: bytes("   \n"), raw: 4, gzip: false }],
      notStarted: [],
    });
    blank.writeUInt32LE(blank.readUInt32LE(8) + 1, 8);
    await expect(decodeFrame(key, blank, secret)).rejects.toThrow(/^\[corrupt\]/);
  });

  const ok = { task: 0, id: "ab".repeat(16), status: "ok", at: 0, stored: 2, raw: 2, gzip: false };
  const numbers = { seconds: 0, peakBytes: 0, cpuSeconds: 0 };
  const head = { v: 1, job: "job-1", child: 0, attempt: 1, n: 0, runner: "r", last: true };
  const cases: [string, unknown][] = [
    ["no JSON", "{"],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]).toString("latin1")],
    ["a list", []],
    ["null", "null"],
    ["no version", { ...head, v: undefined, results: [] }],
    ["another job", { ...head, job: "job-2", results: [] }],
    ["another child", { ...head, child: "0", results: [] }],
    ["results missing", head],
    ["last missing", { ...head, last: undefined, results: [] }],
    ["a long runner name", { ...head, runner: "r".repeat(257), results: [] }],
    ["blobs without a result", { ...head, results: [] }],
    ["a blob past the end", { ...head, results: [{ ...ok, ...numbers, at: 1 }] }],
    ["a negative offset", { ...head, results: [{ ...ok, ...numbers, at: -1 }] }],
    ["an offset that is no whole number", { ...head, results: [{ ...ok, ...numbers, at: 0.5 }] }],
    ["sizes that differ without gzip", { ...head, results: [{ ...ok, ...numbers, raw: 3 }] }],
    ["a raw size beyond all numbers", { ...head, results: [{ ...ok, ...numbers, raw: 1e300, gzip: true }] }],
    ["a short task id", { ...head, results: [{ ...ok, ...numbers, id: "ab" }] }],
    ["an upper-case task id", { ...head, results: [{ ...ok, ...numbers, id: "AB".repeat(16) }] }],
    ["another status", { ...head, results: [{ ...ok, ...numbers, status: "fine" }] }],
    ["no seconds", { ...head, results: [{ ...ok, ...numbers, seconds: undefined }] }],
    ["negative seconds", { ...head, results: [{ ...ok, ...numbers, seconds: -1 }] }],
    [
      "one task twice",
      {
        ...head,
        results: [
          { ...ok, ...numbers },
          { ...ok, ...numbers },
        ],
      },
    ],
    ["a task that is both done and handed back", { ...head, notStarted: [0], results: [{ ...ok, ...numbers }] }],
    ["tasks handed back too early", { ...head, last: false, notStarted: [1], results: [{ ...ok, ...numbers }] }],
    ["an output tail that is no pair", { ...head, results: [{ ...ok, ...numbers, out: 3 }] }],
    ["an output tail past the end", { ...head, results: [{ ...ok, ...numbers, out: [1, 2] }] }],
    ["a death without a cause", { ...head, results: [{ ...ok, ...numbers, status: "died" }] }],
  ];
  it.each(cases)("refuses a signed header with %s", async (_name, header) => {
    await expect(decodeFrame(key, await forged(header, bytes("ab")), secret)).rejects.toThrow(/^\[corrupt\]/);
  });

  it("says which side is too old", async () => {
    await expect(decodeFrame(key, await forged({ ...head, v: 2 }), secret)).rejects.toThrow(/^\[incompatible\]/);
    const next = await encoded();
    next[7] = 2;
    await expect(decodeFrame(key, next, secret)).rejects.toThrow(/^\[incompatible\]/);
  });

  it("takes output tails of 64 KiB and refuses one byte more", async () => {
    const tail = (length: number): FrameBody => ({
      ...body,
      results: [{ ...facts, status: "ok", blob: bytes("r"), raw: 1, gzip: false, out: new Uint8Array(length) }],
      notStarted: [],
    });
    expect((await decodeFrame(key, await encoded(tail(65_536)), secret)).results[0]?.out).toHaveLength(65_536);
    await expect(decodeFrame(key, await encoded(tail(65_537)), secret)).rejects.toThrow(/^\[corrupt\]/);
  });

  it("gives a compressed blob back, and refuses one of another size than declared", async () => {
    const raw = Buffer.alloc(100_000, "abc");
    const packed = await compress(raw);
    expect(packed.gzip).toBe(true);
    const result = { ...facts, status: "ok", blob: packed.bytes, raw: raw.length, gzip: true } as const;
    expect(Buffer.compare(await frameBlob({ key }, result), raw)).toBe(0);
    await expect(frameBlob({ key }, { ...result, raw: 99_999 })).rejects.toThrow(/^\[corrupt\]/);
    await expect(frameBlob({ key }, { ...result, raw: 100_001 })).rejects.toThrow(/^\[corrupt\]/);
    await expect(frameBlob({ key }, result, { maxBytes: 99_999 })).rejects.toThrow(/^\[too-large\]/);
  });

  it("comes back whatever its results are", async () => {
    const blob = fc.uint8Array({ maxLength: 40 });
    const entry = fc.record({
      blob,
      out: fc.option(blob),
      err: fc.option(blob),
      status: fc.constantFrom("ok", "error", "died"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 12 }), fc.boolean(), async (entries, last) => {
        const results = entries.map(({ blob, out, err, status }, task): FrameResult => {
          const common = { ...facts, task, ...(out ? { out } : {}), ...(err ? { err } : {}) };
          return status === "died"
            ? { ...common, status, cause: { kind: "exit", reason: "ended", exitCode: 3, first: false } }
            : { ...common, status: status === "ok" ? "ok" : "error", blob, raw: blob.length, gzip: false };
        });
        const of = { runner: "r", results, notStarted: last ? [entries.length] : [], last };
        const frame = await decodeFrame(key, await encoded(of), secret);
        expect(frame.results.map(plain)).toEqual(results.map(plain));
        expect(frame.last).toBe(last);
      }),
      { numRuns: 200 },
    );
  });
});

/** Byte arrays as hex, so that views and copies compare equal. */
function plain(result: FrameResult): unknown {
  return Object.fromEntries(
    Object.entries(result).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
    ]),
  );
}
