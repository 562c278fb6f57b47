import { expect, it } from "vitest";
import { OutputTail, TAIL_BYTES } from "./output-tail.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

it("gives what was written since the last task began", () => {
  const one = new OutputTail();
  expect(text(one.bytes)).toBe("");
  one.write(Buffer.from("before"));
  one.clear();
  one.write(Buffer.from("after"));
  one.write(Buffer.from(", ä"));
  expect(text(one.bytes)).toBe("after, ä");
  one.clear();
  expect(text(one.bytes)).toBe("");
});

it("keeps the last 64 KiB, however they were written", () => {
  const one = new OutputTail();
  const all = Array.from({ length: 60_000 }, (_, n) => `line ${n}\n`);
  for (const line of all) one.write(Buffer.from(line));
  expect(text(one.bytes)).toBe(all.join("").slice(-TAIL_BYTES));
  const whole = Buffer.alloc(3 * TAIL_BYTES + 7, "abcdefghijk");
  one.write(whole);
  expect(text(one.bytes)).toBe(whole.subarray(-TAIL_BYTES).toString());
});

it("never begins with half a character", () => {
  const one = new OutputTail();
  one.write(Buffer.from("ä".repeat(TAIL_BYTES)));
  one.write(Buffer.from("x"));
  expect(text(one.bytes)).toBe(`${"ä".repeat((TAIL_BYTES - 2) / 2)}x`);
});
