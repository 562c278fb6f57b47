import { fuzz } from "../../packages/scaler-protocol/fixtures/fuzz.ts";

// Damaged frames through every decoder: nothing but a ProtocolError may come out, soon, and memory must not grow.
//
//   node --conditions=@scaler-aws-hpc/source bench/fuzz-codec/main.ts [count] [seed]

const MIB = 1024 * 1024;
const MOST_GROWTH_MIB = 64;
/** A decode is a fraction of a millisecond; this is far above what a garbage collection or a busy machine adds. */
const MOST_MS = 2000;
function wholeNumber(argument: string | undefined, otherwise: number): number {
  const value = argument === undefined ? otherwise : Number(argument);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`expected a whole number, got ${argument}; usage: main.ts [count] [seed]`);
  process.exit(2);
}

const count = wholeNumber(process.argv[2], 1_000_000);
const seed = wholeNumber(process.argv[3], 1);

const before = process.memoryUsage.rss();
let most = before;
const began = performance.now();
const tally = fuzz(count, seed, () => {
  most = Math.max(most, process.memoryUsage.rss());
});
most = Math.max(most, process.memoryUsage.rss());

const seconds = (performance.now() - began) / 1000;
const growth = (most - before) / MIB;
console.log(`node ${process.version}, seed ${seed}: ${count} damaged frames in ${seconds.toFixed(1)} s`);
console.log(`decoded ${tally.decoded}, unknown ${tally.unknown}, refused ${JSON.stringify(tally.refused)}`);
console.log(`slowest decode ${tally.slowestMs.toFixed(1)} ms (at most ${MOST_MS})`);
console.log(`largest growth of resident memory ${growth.toFixed(1)} MiB (at most ${MOST_GROWTH_MIB})`);
if (growth > MOST_GROWTH_MIB || tally.slowestMs > MOST_MS) process.exitCode = 1;
