import { Buffer } from "node:buffer";
import { ProtocolError } from "../protocol-error.ts";

/**
 * Node's own slices and writes, one call each into native code. `toString("hex", a, b)` and `write(text, at, "hex")`
 * end in the same functions after looking the encoding up by name, which costs as much as the work for a 16-byte id.
 */
interface NativeText {
  hexSlice(this: Uint8Array, start: number, end: number): string;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  hexWrite(this: Uint8Array, text: string, at: number, length: number): number;
  utf8Write(this: Uint8Array, text: string, at: number, length: number): number;
}
const native = Buffer.prototype as unknown as NativeText;
const { hexSlice, latin1Slice, utf8Slice, hexWrite, utf8Write } = native;

/** Up to here a loop in JavaScript beats a call into native code. */
const SHORT = 24;

const NIBBLES = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  NIBBLES[digit.toString(16).charCodeAt(0)] = digit;
  NIBBLES[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Reads bytes as lower-case hex. */
export function readHex(bytes: Uint8Array, start: number, end: number): string {
  return start === end ? "" : hexSlice.call(bytes, start, end);
}

/** Reads bytes as UTF-8; what is not UTF-8 becomes U+FFFD. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (start === end) return "";
  if (end - start <= SHORT) {
    let union = 0;
    for (let at = start; at < end; at++) union |= bytes[at] as number;
    if (union < 0x80) return latin1Slice.call(bytes, start, end);
  }
  return utf8Slice.call(bytes, start, end);
}

/**
 * Writes a hex string as bytes.
 * @throws {ProtocolError} `malformed` when the text is not hex, or of odd length
 */
export function writeHex(bytes: Uint8Array, at: number, text: string): void {
  const length = text.length >> 1;
  if (length > SHORT) {
    if (hexWrite.call(bytes, text, at, length) === length && (text.length & 1) === 0) return;
    throw notHex(text);
  }
  let union = text.length & 1 ? -1 : 0;
  for (let index = 0; index < length; index++) {
    const high = text.charCodeAt(2 * index);
    const low = text.charCodeAt(2 * index + 1);
    const byte = ((NIBBLES[high & 255] as number) << 4) | (NIBBLES[low & 255] as number);
    // A bad digit makes the byte negative, a character beyond latin-1 has bits above the eighth.
    union |= byte | high | low;
    bytes[at + index] = byte;
  }
  if (union >>> 8 !== 0) throw notHex(text);
}

const notHex = (text: string): ProtocolError =>
  new ProtocolError("malformed", `expected an id as hex digits, two a byte, got ${JSON.stringify(text.slice(0, 80))}`);

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  if (text.length > SHORT) return Buffer.byteLength(text);
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return Buffer.byteLength(text);
  }
  return text.length;
}

/** Writes a text of {@link utf8Length} `length` as UTF-8. A lone surrogate becomes U+FFFD. */
export function writeUtf8(bytes: Uint8Array, at: number, text: string, length: number): void {
  if (length === text.length && length <= SHORT) {
    for (let index = 0; index < length; index++) bytes[at + index] = text.charCodeAt(index);
  } else {
    utf8Write.call(bytes, text, at, length);
  }
}

/** A copy of some bytes that shares no memory with the frame. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  const copy = new Uint8Array(length);
  if (length <= SHORT) for (let index = 0; index < length; index++) copy[index] = bytes[start + index] as number;
  else copy.set(bytes.subarray(start, end));
  return copy;
}
