import { ProtocolError } from "../protocol-error.ts";
import type { DecodeLimits } from "./decode-limits.ts";

/** Where each segment of a frame lies, as byte offsets into the frame. */
export interface Segments {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Reads a little-endian 32-bit word as a signed number. The caller has checked the bounds. */
export function int32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/**
 * Reads the segment table: a count less one, that many sizes in words, padded to a whole word.
 * @throws {ProtocolError} `truncated` when the frame ends before its segments do, `limit` for too many of them
 */
export function readSegments(frame: Uint8Array, limits: DecodeLimits): Segments {
  const count = (int32(frame, 0) >>> 0) + 1;
  if (count > limits.maxSegments) {
    throw new ProtocolError("limit", `a frame of ${count} segments, at most ${limits.maxSegments} are read`);
  }
  let at = 8 * ((count >> 1) + 1);
  if (at > frame.length) throw new ProtocolError("truncated", `a frame ends inside its table of ${count} segments`);
  const starts: number[] = [];
  const ends: number[] = [];
  for (let index = 0; index < count; index++) {
    starts.push(at);
    at += (int32(frame, 4 + 4 * index) >>> 0) * 8;
    if (at > frame.length) throw cut(at, frame.length);
    ends.push(at);
  }
  return { starts, ends };
}

/** The error for a frame that is shorter than its segment table says. */
export const cut = (announced: number, got: number): ProtocolError =>
  new ProtocolError("truncated", `a frame announces at least ${announced} bytes and has ${got}`);
