import { expect, it } from "vitest";
import { LineReader } from "./line-reader.ts";

it("puts lines together that come in any pieces, characters included", () => {
  const bytes = Buffer.from("one\n\nzwölf\nthree");
  for (let size = 1; size <= bytes.length; size += 1) {
    const reader = new LineReader(20);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size) lines.push(...reader.push(bytes.subarray(at, at + size)));
    expect(lines).toEqual(["one", "", "zwölf"]);
    expect(reader.rest()).toBe("three");
  }
});

it("takes a line of the limit and refuses one byte more", () => {
  expect(new LineReader(4).push(Buffer.from("four\n"))).toEqual(["four"]);
  expect(() => new LineReader(4).push(Buffer.from("fives"))).toThrow(/^\[too-large\]/);
});
