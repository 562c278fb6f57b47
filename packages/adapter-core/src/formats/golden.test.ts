import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { decodeBundle, encodeBundle } from "./bundle.ts";
import type { FrameBody } from "./frame.ts";
import { decodeFrame } from "./frame-decode.ts";
import { encodeFrame } from "./frame-encode.ts";
import { encodeSection, type SectionInput } from "./section.ts";

// The example of docs/formats.md: what it shows is what this program writes and reads.
const docs = new URL("../../../../docs/formats.md", import.meta.url);
const secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const [serializer, fn, shared] = ["a1", "b2", "c3"].map((byte) => byte.repeat(32)) as [string, string, string];
const task = "d4".repeat(16);

const section: SectionInput = {
  job: "job-1",
  child: 0,
  client: Buffer.from("Client|1").toString("hex"),
  taskLimitMs: 60_000,
  flushMs: 40,
  flushBytes: 8_388_608,
  fresh: false,
  serializer,
  objects: [
    { id: serializer, bytes: Buffer.from("SER"), raw: 3, gzip: false },
    { id: fn, bytes: Buffer.from("FUNC"), raw: 4, gzip: false },
    {
      id: shared,
      key: `v1/in/m-1/objects/${"e5".repeat(32)}`,
      sha256: "e5".repeat(32),
      stored: 900,
      raw: 5000,
      gzip: true,
    },
  ],
  tasks: [{ id: task, fn, args: [shared], stream: true, profiling: true }],
};

const key = "v1/out/m-1/job-1.0.1.0";
const body: FrameBody = {
  runner: "python/1.0 cpython 3.11.7",
  results: [
    {
      ...{ task: 0, id: task, status: "ok", blob: Buffer.from("RESULT"), raw: 6, gzip: false },
      ...{ seconds: 0.25, peakBytes: 1_048_576, cpuSeconds: 0.125, out: Buffer.from("hi\n") },
    },
  ],
  notStarted: [],
  last: true,
};

/** Bytes as the page shows them: offset, hex, meaning; without one, the text that they are. */
function dump(bytes: Buffer, parts: readonly (readonly [number, string])[]): string {
  let at = 0;
  const lines: string[] = [];
  let end = 0;
  const asText = (from: number): string => bytes.toString("utf8", from, Math.min(from + 16, end));
  for (const [length, meaning] of parts) {
    end = at + length;
    for (let from = at; from < at + length; from += 16) {
      const hex = bytes
        .toString("hex", from, Math.min(from + 16, at + length))
        .replace(/(?=(?:..)+$)/g, " ")
        .trim();
      lines.push(
        `${String(from).padStart(4)}  ${hex.padEnd(47)}  ${from === at ? meaning || asText(from) : meaning ? "" : asText(from)}`.trimEnd(),
      );
    }
    at += length;
  }
  expect(at).toBe(bytes.length);
  return lines.join("\n");
}

/** The bytes of a code block of the page. */
async function shown(block: number): Promise<Buffer> {
  const text = (await readFile(docs, "utf8")).split(/^```hex\n|^```\n/m)[2 * block + 1] ?? "";
  return Buffer.from(
    text
      .split("\n")
      .map((line) => line.slice(6, 53))
      .join("")
      .replace(/ /g, ""),
    "hex",
  );
}

describe("the example of docs/formats.md", () => {
  it("is the bundle that is written", async () => {
    const pieces = encodeSection(section);
    const bytes = Buffer.concat(await encodeBundle({ job: "job-1", secret, sections: [pieces] }));
    const header = pieces[1]?.length ?? 0;
    const text = dump(bytes, [
      [8, 'magic "SAHBNDL" and version 1'],
      [4, "1 child"],
      [4, "0"],
      [8, "child 0: its section starts at 64"],
      [8, `and has ${bytes.length - 64} bytes`],
      [32, 'tag: HMAC-SHA256 over "bundle\\njob-1\\n0\\n" and the section'],
      [4, `section: header of ${header} bytes`],
      [4, "0"],
      [header, ""],
      [3, "blob 0"],
      [4, "blob 1"],
    ]);
    expect(await readFile(docs, "utf8")).toContain(text);
  });

  it("is the bundle that is read", async () => {
    const [read] = await decodeBundle(await shown(0), "job-1", secret);
    expect(read?.tasks).toEqual(section.tasks);
    expect(read?.objects.map((object) => object.id)).toEqual([serializer, fn, shared]);
  });

  it("is the frame that is written", async () => {
    const pieces = await encodeFrame(key, body, secret);
    const bytes = Buffer.concat(pieces);
    const header = pieces[1]?.length ?? 0;
    const text = dump(bytes, [
      [8, 'magic "SAHFRAM" and version 1'],
      [4, `header of ${header} bytes`],
      [4, "0"],
      [32, 'tag: HMAC-SHA256 over "frame\\n<key>\\n" and all that follows'],
      [header, ""],
      [6, "blob of the result"],
      [3, "tail of stdout"],
    ]);
    expect(await readFile(docs, "utf8")).toContain(text);
  });

  it("is the frame that is read", async () => {
    const frame = await decodeFrame(key, await shown(1), secret);
    expect(frame.results).toMatchObject([{ task: 0, id: task, status: "ok", seconds: 0.25 }]);
  });
});
