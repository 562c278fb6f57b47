import { ProtocolError } from "../protocol-error.ts";
import { copyBytes, readHex, readUtf8 } from "./byte-text.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { ListView } from "./list-view.ts";
import { int32 } from "./segments.ts";

/**
 * One struct of a frame. Fields beyond its size read as their defaults, so an older, shorter struct is fine, and a
 * newer, longer one is read as far as it is known.
 */
export class StructView {
  private readonly reader: FrameReader;
  private readonly at: number;
  /** Size of the data section in bytes. Old shapes of one message are told apart by it. */
  readonly dataBytes: number;
  /** Number of pointers. */
  readonly pointers: number;
  private readonly depth: number;

  constructor(reader: FrameReader, at: number, dataBytes: number, pointers: number, depth: number) {
    this.reader = reader;
    this.at = at;
    this.dataBytes = dataBytes;
    this.pointers = pointers;
    this.depth = depth;
  }

  bit(byte: number, bit: number): boolean {
    if (byte >= this.dataBytes) return false;
    return (((this.reader.bytes[this.at + byte] as number) >> bit) & 1) === 1;
  }

  uint16(byte: number): number {
    if (byte + 2 > this.dataBytes) return 0;
    const { bytes } = this.reader;
    return (bytes[this.at + byte] as number) | ((bytes[this.at + byte + 1] as number) << 8);
  }

  uint32(byte: number): number {
    return byte + 4 > this.dataBytes ? 0 : int32(this.reader.bytes, this.at + byte) >>> 0;
  }

  /** Above 2^53 the nearest number that JavaScript has. */
  uint64(byte: number): number {
    return this.uint32(byte + 4) * 0x1_0000_0000 + this.uint32(byte);
  }

  /** Beyond 2^53 either way the nearest number that JavaScript has. */
  int64(byte: number): number {
    return (this.uint32(byte + 4) | 0) * 0x1_0000_0000 + this.uint32(byte);
  }

  /** Eight bytes of the data section from the last to the first, as lower-case hex. */
  reversedHex(byte: number): string {
    let hex = "";
    for (let at = byte + 7; at >= byte; at--) hex += HEX[this.uint8(at)] as string;
    return hex;
  }

  struct(index: number): StructView {
    return this.reader.struct(this.pointer(index), this.depth + 1);
  }

  list(index: number): ListView | undefined {
    return this.reader.list(this.pointer(index), this.depth + 1);
  }

  /** A field of raw bytes as lower-case hex; the way all ids travel. */
  hex(index: number): string {
    return hexAt(this.reader, this.pointer(index));
  }

  /** A field of raw bytes as a copy of its own. */
  data(index: number): Uint8Array {
    return dataAt(this.reader, this.pointer(index));
  }

  /** A field of raw bytes that hold UTF-8 (manager ids). */
  utf8(index: number): string {
    const { reader } = this;
    const length = reader.byteList(this.pointer(index), reader.limits.maxDataBytes);
    return length <= 0 ? "" : readUtf8(reader.bytes, reader.bytesAt, reader.bytesAt + length);
  }

  /** A field of text, which ends with a NUL on the wire. */
  text(index: number): string {
    const { reader } = this;
    const length = reader.byteList(this.pointer(index), reader.limits.maxTextBytes + 1);
    if (length < 0) return "";
    const end = reader.bytesAt + length - 1;
    if (length === 0 || reader.bytes[end] !== 0) throw new ProtocolError("malformed", "a text without its final NUL");
    return readUtf8(reader.bytes, reader.bytesAt, end);
  }

  /** Whether a field holds bytes, rather than a list of something else or nothing. */
  holdsBytes(index: number): boolean {
    return this.reader.isByteList(this.pointer(index));
  }

  private uint8(byte: number): number {
    return byte < this.dataBytes ? (this.reader.bytes[this.at + byte] as number) : 0;
  }

  private pointer(index: number): number {
    return index < this.pointers ? this.at + this.dataBytes + 8 * index : -1;
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The bytes behind a pointer as lower-case hex; empty behind null. */
export function hexAt(reader: FrameReader, pointer: number): string {
  const length = reader.byteList(pointer, reader.limits.maxDataBytes);
  return length <= 0 ? "" : readHex(reader.bytes, reader.bytesAt, reader.bytesAt + length);
}

/** A copy of the bytes behind a pointer; empty behind null. */
export function dataAt(reader: FrameReader, pointer: number): Uint8Array {
  const length = reader.byteList(pointer, reader.limits.maxDataBytes);
  return length <= 0 ? new Uint8Array(0) : copyBytes(reader.bytes, reader.bytesAt, reader.bytesAt + length);
}
