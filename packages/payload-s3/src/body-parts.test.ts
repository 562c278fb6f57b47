import { expect, it } from "vitest";
import { bodyParts } from "./body-parts.ts";

async function cut(pieces: readonly string[], partBytes: number): Promise<string[]> {
  const size = pieces.join("").length;
  const one = Buffer.alloc(64);
  const source = (async function* () {
    // The same memory again and again, as a stream may do.
    for (const piece of pieces) yield one.subarray(0, one.write(piece));
  })();
  const parts: string[] = [];
  for await (const part of bodyParts(source, partBytes, size)) parts.push(Buffer.from(part).toString());
  return parts;
}

it.each([
  [["abcdef"], 3, ["abc", "def"]],
  [["abcdefg"], 3, ["abc", "def", "g"]],
  [["a", "", "bc", "d", "efg"], 3, ["abc", "def", "g"]],
  [["ab"], 3, ["ab"]],
  [["abc"], 3, ["abc"]],
  [[], 3, [""]],
  [["", ""], 3, [""]],
])("cuts %o into parts of %i", async (pieces, partBytes, expected) => {
  expect(await cut(pieces, partBytes)).toEqual(expected);
});

it("keeps the last part back until the source has ended well", async () => {
  const source = (async function* () {
    yield Buffer.from("abcdef");
    throw new Error("another digest");
  })();
  const parts: string[] = [];
  const read = async (): Promise<void> => {
    for await (const part of bodyParts(source, 3, 6)) parts.push(Buffer.from(part).toString());
  };
  await expect(read()).rejects.toThrow("another digest");
  expect(parts).toEqual(["abc"]);
});
