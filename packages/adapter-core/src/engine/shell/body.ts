import type { Body, PayloadStoreTraits } from "../../contracts/payload-store.ts";

const STREAM_ABOVE_BYTES = 8 * 1024 * 1024;

/** Pieces as a body that the store likes: one after another, or as a stream when they are many bytes. Nothing is copied. */
export function bodyOf(traits: PayloadStoreTraits, pieces: readonly Uint8Array[], sha256?: string): Body {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size <= (traits.streamAboveBytes ?? STREAM_ABOVE_BYTES)) return pieces;
  return { size, stream: inOrder(pieces), ...(sha256 === undefined ? {} : { sha256 }) };
}

async function* inOrder(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
}
