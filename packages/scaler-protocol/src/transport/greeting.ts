import type { Magic } from "../codec/magic.ts";
import { ProtocolError } from "../protocol-error.ts";

/** Bytes that decide every greeting: YMQ needs 4, ZeroMQ's signature is 10 long. */
const LONGEST_GREETING = 10;

/** What the first bytes of a peer say it speaks. */
export type Greeting =
  | { readonly speaks: "undecided" }
  | { readonly speaks: "ymq"; readonly magic: Magic; readonly bytes: 4 }
  | { readonly speaks: "zmq" };

const YMQ = Buffer.from("YMQ", "latin1");
const MAX_OLD_IDENTITY = 4096;

/**
 * Reads the greeting that every server sends on its own accord.
 *
 * - `59 4D 51 01` or `02`: YMQ, and the numbering of its messages
 * - `ff .. .. .. .. .. .. .. .. 7f`: the signature of ZeroMQ (ZMTP 2 and 3); the eight bytes between mean nothing
 * - a small little-endian number: the length of a name, which is how YMQ began before 2.0.2
 *
 * @param head all bytes received so far
 * @throws {ProtocolError} `version` for a YMQ that is too old or too new; `malformed` for anything else.
 */
export function readGreeting(head: Uint8Array): Greeting {
  const first = head[0];
  if (first === undefined) return { speaks: "undecided" };
  if (first === 0xff) {
    if (head.length < LONGEST_GREETING) return { speaks: "undecided" };
    if (head[9] === 0x7f) return { speaks: "zmq" };
    throw notScaler(head);
  }
  const known = Math.min(head.length, YMQ.length);
  if (YMQ.subarray(0, known).equals(head.subarray(0, known))) {
    const magic = head[3];
    if (magic === undefined) return { speaks: "undecided" };
    if (magic === 1 || magic === 2) return { speaks: "ymq", magic, bytes: 4 };
    throw new ProtocolError("version", `the peer speaks YMQ version ${magic}, expected 1 or 2; upgrade the older side`);
  }
  if (head.length < 4) {
    // A name shorter than 4096 bytes has a length whose second byte is small, so this can still be the old form.
    if ((head[1] ?? 0) <= MAX_OLD_IDENTITY >> 8 && (head[2] ?? 0) === 0) return { speaks: "undecided" };
    throw notScaler(head);
  }
  const length = Buffer.from(head.buffer, head.byteOffset, 4).readUInt32LE();
  if (length > 0 && length <= MAX_OLD_IDENTITY) {
    throw new ProtocolError("version", "the peer speaks YMQ as it was before Scaler 2.0.2; expected 2.0.2 or newer");
  }
  throw notScaler(head);
}

/** What we answer: the same magic, then our name as the first frame. */
export function writeGreeting(magic: Magic, identity: string): Buffer {
  const name = Buffer.from(identity, "utf8");
  const greeting = Buffer.alloc(12 + name.length);
  YMQ.copy(greeting);
  greeting[3] = magic;
  greeting.writeBigUInt64LE(BigInt(name.length), 4);
  name.copy(greeting, 12);
  return greeting;
}

function notScaler(head: Uint8Array): ProtocolError {
  const seen = Buffer.from(head.subarray(0, LONGEST_GREETING)).toString("hex");
  return new ProtocolError("malformed", `expected the greeting of a Scaler server (YMQ or ZeroMQ), got ${seen}`);
}
