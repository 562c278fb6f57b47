// Which gzip is the better one where: pako against node:zlib, synchronous and asynchronous, at sizes from 0.5 KB to 50 MB, on bytes of
// which half are random (a pickle with numbers) - with the longest time that each keeps the event loop from everything else.
//
//   npm run bench gzip [-- --quick]

import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { constants, gunzip, gunzipSync, gzip, gzipSync } from "node:zlib";
import { gzip as pakoGzip, ungzip as pakoUngzip } from "pako";

const KB = 1024;
const quick = process.argv.includes("--quick");
const SIZES = [
  0.5 * KB,
  KB,
  4 * KB,
  8 * KB,
  28 * KB,
  32 * KB,
  64 * KB,
  256 * KB,
  KB * KB,
  ...(quick ? [] : [50 * KB * KB]),
];
const LEVELS = { 6: {}, 1: { level: constants.Z_BEST_SPEED } } as const;
const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);
const CHUNK = { chunkSize: KB * KB };

type Way = readonly [string, (raw: Uint8Array) => Uint8Array | Promise<Uint8Array>];

const packing: readonly Way[] = [
  ["pako", (raw) => pakoGzip(raw)],
  ["zlib sync", (raw) => gzipSync(raw, LEVELS[6])],
  ["zlib async", (raw) => gzipAsync(raw, { ...LEVELS[6], ...CHUNK })],
  ["zlib sync, level 1", (raw) => gzipSync(raw, LEVELS[1])],
  ["zlib async, level 1", (raw) => gzipAsync(raw, { ...LEVELS[1], ...CHUNK })],
];

const unpacking: readonly Way[] = [
  ["pako", (packed) => pakoUngzip(packed)],
  ["zlib sync", (packed) => gunzipSync(packed)],
  ["zlib async", (packed) => gunzipAsync(packed, CHUNK)],
];

/** Half text, half random, in runs of 64 bytes. */
function sample(size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  const noise = randomBytes(size);
  for (let at = 0; at < size; at += 128) {
    bytes.write("the quick brown fox jumps over the lazy dog, again and again.   ".slice(at % 7), at, "latin1");
    noise.copy(bytes, at + 64, at + 64, at + 128);
  }
  return bytes;
}

/** Median milliseconds of one call, and the longest gap between two turns of the event loop meanwhile. */
async function measure(
  work: () => Uint8Array | Promise<Uint8Array>,
  rounds: number,
): Promise<{ ms: number; blockMs: number }> {
  const times: number[] = [];
  let blockMs = 0;
  for (let round = 0; round < rounds; round += 1) {
    let last = performance.now();
    let running = true;
    const watch = (): void => {
      const now = performance.now();
      blockMs = Math.max(blockMs, now - last);
      last = now;
      if (running) setImmediate(watch);
    };
    // Spinning beside a call of microseconds would be most of what is measured.
    if (rounds <= 20) setImmediate(watch);
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
    running = false;
    if (rounds <= 20) await new Promise((resolve) => setImmediate(resolve));
  }
  times.sort((a, b) => a - b);
  const ms = times[times.length >> 1] ?? 0;
  return { ms, blockMs: rounds <= 20 ? blockMs : ms };
}

async function table(title: string, ways: readonly Way[], input: (size: number) => Uint8Array): Promise<void> {
  console.log(`\n${title}: median ms, in brackets the longest block of the event loop where it was watched`);
  console.log(["size".padStart(9), ...ways.map(([name]) => name.padStart(20))].join(" "));
  for (const size of SIZES) {
    const bytes = input(size);
    const rounds = size >= 10 * KB * KB ? 3 : size >= 256 * KB ? 11 : 301;
    const cells: string[] = [];
    for (const [, work] of ways) {
      await measure(() => work(bytes), Math.min(rounds, 50));
      const { ms, blockMs } = await measure(() => work(bytes), rounds);
      cells.push((rounds <= 20 ? `${ms.toFixed(1)} (${blockMs.toFixed(1)})` : ms.toFixed(3)).padStart(20));
    }
    const label = size >= KB * KB ? `${size / KB / KB} MB` : `${size / KB} KB`;
    console.log([label.padStart(9), ...cells].join(" "));
  }
}

const samples = new Map(SIZES.map((size) => [size, sample(size)]));
const rawOf = (size: number): Uint8Array => samples.get(size) ?? new Uint8Array();
console.log(`Node ${process.version}`);
await table("gzip", packing, rawOf);
await table("gunzip", unpacking, (size) => gzipSync(rawOf(size)));
console.log("\nratio: level 6, level 1");
for (const size of SIZES) {
  const raw = rawOf(size);
  const ratio = (packed: Uint8Array): string => (packed.length / raw.length).toFixed(3);
  const same = Buffer.compare(pakoGzip(raw), gzipSync(raw)) === 0;
  console.log(
    `${String(size / KB).padStart(9)} KB  ${ratio(gzipSync(raw))}  ${ratio(gzipSync(raw, LEVELS[1]))}  pako ${same ? "the same bytes" : "other bytes"}`,
  );
}
