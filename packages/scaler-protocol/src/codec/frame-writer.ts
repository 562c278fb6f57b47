import { Buffer } from "node:buffer";
import { markAsUntransferable } from "node:worker_threads";
import { ProtocolError } from "../protocol-error.ts";
import { utf8Length, writeHex, writeUtf8 } from "./byte-text.ts";

/** Frames up to this size are cut from a chunk; larger ones get memory of their own. */
const SMALL_FRAME = 4096;
const CHUNK = 65_536;

/**
 * Writes one frame at a time: `begin` with the exact size, fill, `finish`.
 *
 * Layout and order are those of the C++ builder (a field's content is appended when the field is set, in the order of
 * the schema), so frames equal those of the released binding byte for byte. All memory starts as zeroes and is
 * handed out once: nothing is cleared, padding is right by itself, and a frame is never written again after `finish`.
 */
export class FrameWriter {
  private chunk = newChunk();
  private chunkView = viewOf(this.chunk);
  private chunkUsed = 0;
  private bytes: Buffer = this.chunk;
  private view: DataView = this.chunkView;
  private start = 0;
  private end = 0;
  /** Where the next content goes. */
  private next = 0;

  /**
   * Starts a message frame; returns the offset of its body struct.
   * @param contentBytes size of all that follows the body, as the `*Size` functions add it up
   */
  begin(ordinal: number, dataBytes: number, pointers: number, contentBytes: number): number {
    this.reserve(32 + dataBytes + 8 * pointers + contentBytes);
    const root = this.start + 8;
    const { view } = this;
    view.setUint32(this.start + 4, (this.end - root) >>> 3, true);
    view.setUint32(root + 4, 0x0001_0001, true);
    view.setUint16(root + 8, ordinal, true);
    this.next = root + 24;
    return this.struct(root + 16, dataBytes, pointers);
  }

  /** Starts a frame whose root is a struct of its own, not a message (storage headers); returns the struct's offset. */
  beginBare(dataBytes: number, pointers: number, contentBytes: number): number {
    this.reserve(16 + dataBytes + 8 * pointers + contentBytes);
    this.view.setUint32(this.start + 4, (this.end - this.start - 8) >>> 3, true);
    this.next = this.start + 16;
    return this.struct(this.start + 8, dataBytes, pointers);
  }

  /** Hands the frame out. It is the caller's: nothing here writes to it again. */
  finish(): Uint8Array {
    // Not about input: a message whose size function and writer disagree would send another message's zeroes.
    if (this.next !== this.end)
      throw new Error(`frame of ${this.end - this.start} bytes misses by ${this.end - this.next}`);
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + this.start, this.end - this.start);
  }

  bit(at: number, bit: number, value: boolean): void {
    if (value) this.bytes[at] = (this.bytes[at] as number) | (1 << bit);
  }

  uint16(at: number, value: number): void {
    if ((value & 0xffff) !== value) throw notNumber(value, "0 to 2^16 - 1");
    this.view.setUint16(at, value, true);
  }

  uint32(at: number, value: number): void {
    if (value >>> 0 !== value) throw notNumber(value, "0 to 2^32 - 1");
    this.view.setUint32(at, value, true);
  }

  /** Whole numbers up to 2^53 - 1. */
  uint64(at: number, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw notNumber(value, "0 to 2^53 - 1");
    this.int64(at, value);
  }

  /** Whole numbers whose magnitude is at most 2^53 - 1. */
  int64(at: number, value: number): void {
    if (!Number.isSafeInteger(value)) throw notNumber(value, "-(2^53 - 1) to 2^53 - 1");
    this.view.setInt32(at, value | 0, true);
    this.view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
  }

  /** All ones: in a storage header, "the whole object". */
  maxUint64(at: number): void {
    this.view.setInt32(at, -1, true);
    this.view.setInt32(at + 4, -1, true);
  }

  /** Appends a struct that the pointer at `pointer` leads to; returns its offset. */
  struct(pointer: number, dataBytes: number, pointers: number): number {
    const at = this.next;
    if (dataBytes + pointers === 0) {
      // A struct of no size points at itself, or it would read as a null pointer.
      this.view.setInt32(pointer, -4, true);
      return at;
    }
    this.view.setInt32(pointer, ((at - pointer - 8) >> 3) << 2, true);
    this.view.setUint32(pointer + 4, (dataBytes >> 3) | (pointers << 16), true);
    this.next = at + dataBytes + 8 * pointers;
    return at;
  }

  /** Appends a list of numbers (`code` 3: 16 bits, 5: 64 bits); returns the offset of the first. */
  numbers(pointer: number, code: 3 | 5, count: number): number {
    return this.listOf(pointer, code, count, padded(count * (code === 3 ? 2 : 8)));
  }

  /** Appends a list of pointers; returns the offset of the first. */
  pointers(pointer: number, count: number): number {
    return this.listOf(pointer, 6, count, count * 8);
  }

  /** Appends a list of structs; returns the offset of the first. */
  structs(pointer: number, count: number, dataBytes: number, pointers: number): number {
    const size = count * (dataBytes + 8 * pointers);
    const tag = this.listOf(pointer, 7, size >>> 3, size + 8);
    this.view.setUint32(tag, count << 2, true);
    this.view.setUint32(tag + 4, (dataBytes >> 3) | (pointers << 16), true);
    return tag + 8;
  }

  /** Appends the bytes that a hex string stands for. @throws {ProtocolError} `malformed` when it is not hex */
  hex(pointer: number, text: string): void {
    const length = text.length >> 1;
    writeHex(this.bytes, this.listOf(pointer, 2, length, padded(length)), text);
  }

  /** Writes, in place, the bytes of a hex string of 64 digits with each group of eight bytes turned round. */
  hexReversed(at: number, text: string): void {
    writeHex(this.bytes, at, text);
    for (let group = at; group < at + 32; group += 8) this.bytes.subarray(group, group + 8).reverse();
  }

  /** Appends a copy of some bytes. */
  data(pointer: number, data: Uint8Array): void {
    const at = this.listOf(pointer, 2, data.length, padded(data.length));
    if (data.length <= 24)
      for (let index = 0; index < data.length; index++) this.bytes[at + index] = data[index] as number;
    else this.bytes.set(data, at);
  }

  /** Appends a text as UTF-8 without a NUL, for fields that are bytes on the wire. */
  utf8(pointer: number, text: string): void {
    const length = utf8Length(text);
    writeUtf8(this.bytes, this.listOf(pointer, 2, length, padded(length)), text, length);
  }

  /** Appends a text as UTF-8 with its final NUL. */
  text(pointer: number, text: string): void {
    const length = utf8Length(text);
    writeUtf8(this.bytes, this.listOf(pointer, 2, length + 1, padded(length + 1)), text, length);
  }

  private listOf(pointer: number, code: number, count: number, size: number): number {
    const at = this.next;
    this.view.setInt32(pointer, (((at - pointer - 8) >> 3) << 2) | 1, true);
    this.view.setUint32(pointer + 4, (count << 3) | code, true);
    this.next = at + size;
    return at;
  }

  private reserve(size: number): void {
    // Offsets in a pointer have 30 bits of words, but list lengths only 29 of bytes.
    if (size >= 0x2000_0000)
      throw new ProtocolError("limit", `a message of ${size} bytes, at most 2^29 - 1 can be sent`);
    if (size > SMALL_FRAME) {
      this.bytes = Buffer.alloc(size);
      this.view = viewOf(this.bytes);
      this.start = 0;
    } else {
      if (this.chunkUsed + size > CHUNK) {
        this.chunk = newChunk();
        this.chunkView = viewOf(this.chunk);
        this.chunkUsed = 0;
      }
      this.bytes = this.chunk;
      this.view = this.chunkView;
      this.start = this.chunkUsed;
      // Taken at once: what an encode that failed half-way has written is never handed out.
      this.chunkUsed += size;
    }
    this.end = this.start + size;
  }
}

function newChunk(): Buffer {
  const memory = new ArrayBuffer(CHUNK);
  // As Node does with its own pool: a transfer of one frame would take all others of the chunk along.
  markAsUntransferable(memory);
  return Buffer.from(memory);
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const notNumber = (value: number, expected: string): ProtocolError =>
  new ProtocolError("malformed", `expected a whole number from ${expected}, got ${value}`);

/** A size rounded up to whole words. */
export const padded = (bytes: number): number => (bytes + 7) & ~7;

/** Content size of a {@link FrameWriter.hex} field. */
export const hexSize = (text: string): number => padded(text.length >> 1);

/** Content size of a {@link FrameWriter.data} field. */
export const dataSize = (data: Uint8Array): number => padded(data.length);

/** Content size of a {@link FrameWriter.utf8} field. */
export const utf8Size = (text: string): number => padded(utf8Length(text));

/** Content size of a {@link FrameWriter.text} field. */
export const textSize = (text: string): number => padded(utf8Length(text) + 1);
