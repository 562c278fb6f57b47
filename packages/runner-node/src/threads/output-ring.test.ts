import { expect, it } from "vitest";
import { OutputRing, RING_BYTES, RING_MEMORY } from "./output-ring.ts";

const ring = (): OutputRing => new OutputRing(new SharedArrayBuffer(16 + RING_MEMORY), 16);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

it("gives what was written since a position", () => {
  const one = ring();
  expect(text(one.since(0))).toBe("");
  one.write(Buffer.from("before"));
  const at = one.position;
  one.write(Buffer.from("after"));
  one.write(Buffer.from(", ä"));
  expect(text(one.since(at))).toBe("after, ä");
  expect(text(one.since(one.position))).toBe("");
});

it("keeps the last 64 KiB, however they were written", () => {
  const one = ring();
  const all = Array.from({ length: 30_000 }, (_, n) => `line ${n}\n`);
  for (const line of all) one.write(Buffer.from(line));
  expect(text(one.since(0))).toBe(all.join("").slice(-RING_BYTES));
  const whole = Buffer.alloc(3 * RING_BYTES + 7, "abcdefghijk");
  one.write(whole);
  expect(text(one.since(0))).toBe(whole.subarray(-RING_BYTES).toString());
  expect(one.since(one.position - 3)).toHaveLength(3);
});

it("never begins with half a character", () => {
  const one = ring();
  one.write(Buffer.from("ä".repeat(RING_BYTES)));
  one.write(Buffer.from("x"));
  const tail = text(one.since(0));
  expect(tail).toBe(`${"ä".repeat((RING_BYTES - 2) / 2)}x`);
});
