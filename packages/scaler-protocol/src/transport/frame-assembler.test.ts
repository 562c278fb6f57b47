import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { framed } from "../../test-support/scripted-server.ts";
import { FrameAssembler } from "./frame-assembler.ts";

function assemble(chunks: readonly Buffer[], maxFrameBytes = 1 << 20): Buffer[] {
  const frames: Buffer[] = [];
  const assembler = new FrameAssembler({ onFrame: (frame) => frames.push(Buffer.from(frame)) }, maxFrameBytes);
  for (const chunk of chunks) assembler.push(chunk);
  expect(assembler.atBoundary).toBe(true);
  return frames;
}

describe("FrameAssembler", () => {
  it("gives the same frames however the stream is cut", () => {
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(100_000).map((n) => new Uint8Array(n).fill(n)),
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), cuts, (frames, sizes) => {
        const stream = Buffer.concat(frames.map(framed));
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(assemble(chunks).map((each) => each.toString("hex"))).toEqual(
          frames.map((each) => Buffer.from(each).toString("hex")),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("cuts at every byte", () => {
    const stream = Buffer.concat([framed(Buffer.from("abc")), framed(Buffer.alloc(0)), framed(Buffer.from("d"))]);
    for (let n = 0; n <= stream.length; n++) {
      expect(assemble([stream.subarray(0, n), stream.subarray(n)]).map(String)).toEqual(["abc", "", "d"]);
    }
  });

  it("takes a frame of the limit and refuses the next longer one at its header", () => {
    expect(assemble([framed(Buffer.alloc(100))], 100)).toHaveLength(1);
    const assembler = new FrameAssembler({ onFrame: () => {} }, 100);
    expect(() => assembler.push(framed(Buffer.alloc(101)).subarray(0, 8))).toThrow(
      /^\[limit\].*101 bytes, at most 100/,
    );
    const huge = new FrameAssembler({ onFrame: () => {} }, Number.MAX_SAFE_INTEGER);
    expect(() => huge.push(Buffer.alloc(8, 0xff))).toThrow(/^\[limit\]/);
  });

  it("gives a sink its frame piece by piece, also an empty one, and the rest to onFrame", () => {
    const heard: string[] = [];
    const assembler = new FrameAssembler(
      {
        onFrame: (frame) => heard.push(`frame ${Buffer.from(frame)}`),
        onFrameStart: (length) =>
          length === 1
            ? undefined
            : { chunk: (bytes) => heard.push(`chunk ${Buffer.from(bytes)}`), end: () => heard.push("end") },
      },
      100,
    );
    const stream = Buffer.concat([framed(Buffer.from("abcd")), framed(Buffer.alloc(0)), framed(Buffer.from("x"))]);
    assembler.push(stream.subarray(0, 10));
    assembler.push(stream.subarray(10));
    expect(heard).toEqual(["chunk ab", "chunk cd", "end", "end", "frame x"]);
  });

  it("delivers nothing after stop, not even from the chunk in hand", () => {
    const frames: string[] = [];
    const assembler = new FrameAssembler(
      {
        onFrame: (frame) => {
          frames.push(String(frame));
          assembler.stop();
        },
      },
      100,
    );
    assembler.push(Buffer.concat([framed(Buffer.from("a")), framed(Buffer.from("b"))]));
    expect(frames).toHaveLength(1);
  });

  it("keeps no big buffer alive for a middling frame", () => {
    const frames: Uint8Array[] = [];
    const assembler = new FrameAssembler({ onFrame: (frame) => frames.push(frame) }, 1 << 20);
    const chunk = Buffer.concat([
      framed(Buffer.alloc(20_000)),
      framed(Buffer.alloc(10)),
      Buffer.alloc(60_000).subarray(0, 0),
    ]);
    const padded = Buffer.concat([chunk, framed(Buffer.alloc(40_000))]);
    assembler.push(padded);
    expect(frames.map((frame) => frame.buffer === padded.buffer)).toEqual([false, true, true]);
  });
});
