import { deepStrictEqual } from "node:assert/strict";
import { decodeMessage, encodeMessage } from "@scaler-aws-hpc/scaler-protocol";
import * as capnpEs from "./capnp-es-codec.ts";
import { sampleHeartbeat, sampleResult, sampleTask } from "./samples.ts";

// Nanoseconds for encoding and decoding one message, by this project's codec and by capnp-es, from and to the same
// objects, all fields read. Rounds of the two alternate in one process; medians are printed, and their ratio.
//
//   node --conditions=@scaler-aws-hpc/source bench/codec/main.ts [rounds]

const ROUNDS = Number(process.argv[2] ?? 15);
const GOAL = 20;
/** Different messages in turn, so that neither side profits from seeing one again. */
const VARIETY = 256;

interface Contender {
  readonly encode: (message: capnpEs.Sample) => Uint8Array;
  readonly decode: (frame: Uint8Array) => unknown;
  /** Messages a round: enough for the clock, few enough for many rounds. */
  readonly count: number;
}

const OURS: Contender = {
  encode: (message) => encodeMessage(message, 2),
  decode: (frame) => decodeMessage(frame, 2),
  count: 65_536,
};
const THEIRS: Contender = { encode: capnpEs.encode, decode: capnpEs.decode, count: 8192 };

let sink: unknown;

function time<T>(work: (input: T) => unknown, inputs: readonly T[], count: number): number {
  const began = performance.now();
  for (let done = 0; done < count; done++) sink = work(inputs[done % VARIETY] as T);
  return ((performance.now() - began) * 1e6) / count;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

const variants = <T>(make: (seed: number) => T): T[] => Array.from({ length: VARIETY }, (_, seed) => make(seed));

const SAMPLES: readonly { readonly name: string; readonly messages: readonly capnpEs.Sample[] }[] = [
  { name: "Task", messages: variants(sampleTask) },
  { name: "TaskResult", messages: variants(sampleResult) },
  { name: "WorkerHeartbeat", messages: variants(sampleHeartbeat) },
];

/** A comparison of two codecs that do different things would say nothing. */
function agree(messages: readonly capnpEs.Sample[]): void {
  for (const message of messages) {
    const frame = OURS.encode(message);
    deepStrictEqual(THEIRS.decode(frame), message);
    deepStrictEqual(OURS.decode(THEIRS.encode(message)), message);
    deepStrictEqual(OURS.decode(frame), message);
  }
}

interface Row {
  readonly name: string;
  readonly run: (contender: Contender) => number;
}

const rows: readonly Row[] = SAMPLES.flatMap(({ name, messages }) => {
  agree(messages);
  // Each decodes frames in memory of their own, as they come from a socket.
  const frames = messages.map((message) => new Uint8Array(OURS.encode(message)));
  return [
    { name: `${name} encode`, run: ({ encode, count }: Contender) => time(encode, messages, count) },
    { name: `${name} decode`, run: ({ decode, count }: Contender) => time(decode, frames, count) },
  ];
});

const times = new Map(rows.map((row) => [row, { ours: [] as number[], theirs: [] as number[] }]));
for (let round = -2; round < ROUNDS; round++) {
  for (const [row, { ours, theirs }] of times) {
    const us = row.run(OURS);
    const them = row.run(THEIRS);
    // The first two rounds are for the compiler.
    if (round < 0) continue;
    ours.push(us);
    theirs.push(them);
  }
}

console.log(`node ${process.version}, medians of ${ROUNDS} interleaved rounds`);
console.log(`${"".padEnd(24)}${"ours ns/op".padStart(12)}${"capnp-es ns/op".padStart(16)}${"ratio".padStart(9)}`);
let missed = 0;
for (const [{ name }, { ours, theirs }] of times) {
  const ratio = median(theirs.map((them, round) => them / (ours[round] as number)));
  if (ratio < GOAL) missed += 1;
  const figures = [
    median(ours).toFixed(0).padStart(12),
    median(theirs).toFixed(0).padStart(16),
    ratio.toFixed(1).padStart(8),
  ];
  console.log(`${name.padEnd(24)}${figures.join("")}x${ratio < GOAL ? `  below the goal of ${GOAL}x` : ""}`);
}
if (sink === undefined) throw new Error("nothing was measured");
if (missed > 0) process.exitCode = 1;
