import { ProtocolError } from "../protocol-error.ts";
import type { FrameReader } from "./frame-reader.ts";
import { int32 } from "./segments.ts";
import { dataAt, hexAt, StructView } from "./struct-view.ts";

/**
 * One list of a frame, read as whatever its elements hold: Cap'n Proto lets a list of numbers or pointers grow into a
 * list of structs, so an element is a data section and some pointers in every case.
 */
export class ListView {
  private readonly reader: FrameReader;
  private readonly at: number;
  readonly length: number;
  private readonly dataBytes: number;
  private readonly pointers: number;
  private readonly depth: number;

  constructor(reader: FrameReader, at: number, length: number, dataBytes: number, pointers: number, depth: number) {
    this.reader = reader;
    this.at = at;
    this.length = length;
    this.dataBytes = dataBytes;
    this.pointers = pointers;
    this.depth = depth;
  }

  /** @throws {ProtocolError} `limit` when the element is nested too deep */
  struct(index: number): StructView {
    if (this.depth >= this.reader.limits.maxDepth) {
      throw new ProtocolError("limit", `a message nested deeper than ${this.reader.limits.maxDepth}`);
    }
    return new StructView(this.reader, this.offset(index), this.dataBytes, this.pointers, this.depth + 1);
  }

  /** @throws {ProtocolError} `malformed` when the elements hold no number of 16 bits */
  uint16(index: number): number {
    this.need(2);
    return int16(this.reader.bytes, this.offset(index));
  }

  /** Above 2^53 the nearest number that JavaScript has. @throws {ProtocolError} `malformed` when the elements are smaller */
  uint64(index: number): number {
    this.need(8);
    const at = this.offset(index);
    return (int32(this.reader.bytes, at + 4) >>> 0) * 0x1_0000_0000 + (int32(this.reader.bytes, at) >>> 0);
  }

  /** An element of raw bytes as lower-case hex. */
  hex(index: number): string {
    return hexAt(this.reader, this.pointer(index));
  }

  /** An element of raw bytes as a copy of its own. */
  data(index: number): Uint8Array {
    return dataAt(this.reader, this.pointer(index));
  }

  private offset(index: number): number {
    return this.at + index * (this.dataBytes + 8 * this.pointers);
  }

  private pointer(index: number): number {
    if (this.pointers === 0) throw new ProtocolError("malformed", "expected a list of bytes, got one without pointers");
    return this.offset(index) + this.dataBytes;
  }

  private need(bytes: number): void {
    if (this.dataBytes < bytes) throw new ProtocolError("malformed", "a list of numbers smaller than expected");
  }
}

const int16 = (bytes: Uint8Array, at: number): number => (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
