/**
 * The pieces of a body as parts of equal size, the last one shorter; copied, for a stream may use its pieces again.
 * @param partBytes size of all parts but the last.
 */
export async function* bodyParts(
  pieces: AsyncIterable<Uint8Array>,
  partBytes: number,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = size;
  let part = Buffer.allocUnsafeSlow(Math.min(partBytes, left));
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const some = piece.subarray(at, at + part.length - filled);
      part.set(some, filled);
      filled += some.length;
      at += some.length;
      if (filled < part.length) continue;
      left -= filled;
      // The last part waits for the end of the pieces, which is where they are found to be wrong.
      if (left === 0) break;
      yield part;
      part = Buffer.allocUnsafeSlow(Math.min(partBytes, left));
      filled = 0;
    }
  }
  yield part;
}
