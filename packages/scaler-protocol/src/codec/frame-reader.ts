import { ProtocolError } from "../protocol-error.ts";
import type { DecodeLimits } from "./decode-limits.ts";
import { ListView } from "./list-view.ts";
import { cut, int32, readSegments, type Segments } from "./segments.ts";
import { StructView } from "./struct-view.ts";

/**
 * Follows the pointers of one Cap'n Proto frame (flat, unpacked, segment table first), every one of them suspect.
 *
 * All positions are byte offsets into the frame. A target is checked to lie in its segment, and is charged to a
 * budget, before it is looked at; so the views that come from here need no further checks than their own size.
 */
export class FrameReader {
  /** The frame itself; views read from it, and copy what they hand out. */
  readonly bytes: Uint8Array;
  readonly limits: DecodeLimits;
  /** The segment that `start` and `end` belong to is the current one; only a frame of one segment has no `segments`. */
  private readonly segments: Segments | undefined;
  private start: number;
  private end: number;
  private budget: number;
  // What `resolve` found: three numbers, which as an object would be the most frequent allocation of a decode.
  private target = 0;
  private low = 0;
  private high = 0;

  /** @throws {ProtocolError} `truncated` or `limit` when the frame cannot be what it announces */
  constructor(frame: Uint8Array, limits: DecodeLimits) {
    if (frame.length > limits.maxFrameBytes) {
      throw new ProtocolError("limit", `a frame of ${frame.length} bytes, at most ${limits.maxFrameBytes} are read`);
    }
    if (frame.length < 8) throw cut(8, frame.length);
    this.bytes = frame;
    this.limits = limits;
    this.budget = frame.length * limits.maxAmplification;
    if (int32(frame, 0) === 0) {
      this.segments = undefined;
      this.start = 8;
      this.end = 8 + (int32(frame, 4) >>> 0) * 8;
      if (this.end > frame.length) throw cut(this.end, frame.length);
    } else {
      this.segments = readSegments(frame, limits);
      this.start = this.segments.starts[0] as number;
      this.end = this.segments.ends[0] as number;
    }
  }

  /** The struct that the first word of the first segment points to. */
  root(): StructView {
    if (this.end - this.start < 8) throw new ProtocolError("malformed", "a frame without a root pointer");
    return this.struct(this.start, 1);
  }

  /**
   * The struct behind a pointer; an absent (-1) or null pointer gives an empty one, which reads as all defaults.
   * @throws {ProtocolError} `malformed` or `limit`
   */
  struct(pointer: number, depth: number): StructView {
    if (depth > this.limits.maxDepth) throw this.tooDeep();
    if (pointer < 0 || !this.resolve(pointer)) return new StructView(this, 0, 0, 0, depth);
    if ((this.low & 3) !== 0) throw new ProtocolError("malformed", "expected a pointer to a struct");
    const dataBytes = (this.high & 0xffff) * 8;
    const pointers = this.high >>> 16;
    this.claim(dataBytes + pointers * 8, dataBytes + pointers * 8);
    return new StructView(this, this.target, dataBytes, pointers, depth);
  }

  /**
   * The list behind a pointer, or `undefined` behind an absent or null one.
   * @throws {ProtocolError} `malformed` or `limit`
   */
  list(pointer: number, depth: number): ListView | undefined {
    if (depth > this.limits.maxDepth) throw this.tooDeep();
    if (pointer < 0 || !this.resolve(pointer)) return undefined;
    const size = this.listSize();
    const words = this.high >>> 3;
    if (size !== COMPOSITE) {
      if (size === BIT) throw new ProtocolError("malformed", "expected a list of structs, ids or numbers, got bits");
      this.checkLength(words);
      const step = size === POINTER ? 8 : (ELEMENT_BYTES[size] as number);
      // An element of no size is charged a word, or one pointer could ask for 2^29 of them.
      this.claim(words * step, words * (step || 8));
      return size === POINTER
        ? new ListView(this, this.target, words, 0, 1, depth)
        : new ListView(this, this.target, words, step, 0, depth);
    }
    this.claim(words * 8 + 8, words * 8 + 8);
    const tagLow = int32(this.bytes, this.target);
    const tagHigh = int32(this.bytes, this.target + 4);
    if ((tagLow & 3) !== 0) throw new ProtocolError("malformed", "a list of structs whose tag is not a struct");
    const count = tagLow >>> 2;
    this.checkLength(count);
    const dataBytes = (tagHigh & 0xffff) * 8;
    const pointers = tagHigh >>> 16;
    const step = dataBytes + pointers * 8;
    if (count * step > words * 8) throw new ProtocolError("malformed", "a list of structs that overruns its words");
    if (step === 0) this.charge(count * 8);
    return new ListView(this, this.target + 8, count, dataBytes, pointers, depth);
  }

  /**
   * Resolves a pointer to bytes. Returns their length, -1 behind an absent or null pointer; they start at {@link bytesAt}.
   * @throws {ProtocolError} `malformed`, or `limit` beyond `most` bytes
   */
  byteList(pointer: number, most: number): number {
    if (pointer < 0 || !this.resolve(pointer)) return -1;
    if (this.listSize() !== BYTE) throw new ProtocolError("malformed", "expected a pointer to bytes");
    const length = this.high >>> 3;
    if (length > most) throw new ProtocolError("limit", `a field of ${length} bytes, at most ${most} are read`);
    this.claim(length, length);
    return length;
  }

  /** Where the bytes start that the last {@link byteList} found. */
  get bytesAt(): number {
    return this.target;
  }

  /** Whether a pointer leads to bytes rather than to a list of something else or nowhere; tells one id from a list of them. */
  isByteList(pointer: number): boolean {
    return pointer >= 0 && this.resolve(pointer) && this.listSize() === BYTE;
  }

  private listSize(): number {
    if ((this.low & 3) !== 1) throw new ProtocolError("malformed", "expected a pointer to a list");
    return this.high & 7;
  }

  private checkLength(count: number): void {
    if (count <= this.limits.maxListLength) return;
    throw new ProtocolError("limit", `a list of ${count}, at most ${this.limits.maxListLength} are read`);
  }

  /** Makes sure that what `resolve` found lies in its segment, and charges for it. */
  private claim(size: number, price: number): void {
    if (this.target < this.start || this.target + size > this.end) {
      throw new ProtocolError("malformed", "a pointer leads out of its segment");
    }
    this.charge(price);
  }

  private charge(price: number): void {
    this.budget -= price;
    if (this.budget < 0) {
      throw new ProtocolError("limit", `a frame read ${this.limits.maxAmplification} times over: its pointers overlap`);
    }
  }

  private tooDeep(): ProtocolError {
    return new ProtocolError("limit", `a message nested deeper than ${this.limits.maxDepth}`);
  }

  private resolve(pointer: number): boolean {
    const low = int32(this.bytes, pointer);
    const high = int32(this.bytes, pointer + 4);
    if (low === 0 && high === 0) return false;
    if ((low & 2) !== 0) {
      this.resolveFar(low, high);
      return true;
    }
    if (this.segments !== undefined) this.enterSegmentOf(pointer, this.segments);
    this.target = pointer + 8 + (low >> 2) * 8;
    this.low = low;
    this.high = high;
    return true;
  }

  /** A far pointer names a landing pad in a segment: a pointer there, or (double) a far pointer and a tag. */
  private resolveFar(low: number, high: number): void {
    const pad = this.landing(low, high, (low & 4) === 0 ? 8 : 16);
    const padLow = int32(this.bytes, pad);
    const padHigh = int32(this.bytes, pad + 4);
    if ((low & 4) === 0) {
      if ((padLow & 2) !== 0) throw new ProtocolError("malformed", "a far pointer that leads to another");
      this.target = pad + 8 + (padLow >> 2) * 8;
      this.low = padLow;
      this.high = padHigh;
      return;
    }
    if ((padLow & 7) !== 2) throw new ProtocolError("malformed", "a double far pointer without its second half");
    this.low = int32(this.bytes, pad + 8);
    this.high = int32(this.bytes, pad + 12);
    if ((this.low & 2) !== 0) throw new ProtocolError("malformed", "a double far pointer that leads to another");
    this.target = this.landing(padLow, padHigh, 0);
  }

  /** Makes the segment that a far pointer names the current one; returns the byte offset it names there. */
  private landing(low: number, high: number, size: number): number {
    if ((low & 3) !== 2) throw new ProtocolError("malformed", "a pointer to a capability; there are none on this wire");
    const segment = high >>> 0;
    if (this.segments === undefined) {
      if (segment !== 0) throw new ProtocolError("malformed", `a pointer into segment ${segment} of 1`);
    } else {
      const { starts, ends } = this.segments;
      if (segment >= starts.length) {
        throw new ProtocolError("malformed", `a pointer into segment ${segment} of ${starts.length}`);
      }
      this.start = starts[segment] as number;
      this.end = ends[segment] as number;
    }
    const at = this.start + (low >>> 3) * 8;
    if (at + size > this.end) throw new ProtocolError("malformed", "a far pointer leads out of its segment");
    this.charge(size);
    return at;
  }

  private enterSegmentOf(pointer: number, { starts, ends }: Segments): void {
    if (pointer >= this.start && pointer < this.end) return;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= pointer) low = middle;
      else high = middle - 1;
    }
    this.start = starts[low] as number;
    this.end = ends[low] as number;
  }
}

// Element sizes of Cap'n Proto lists.
const BIT = 1;
const BYTE = 2;
const POINTER = 6;
const COMPOSITE = 7;
const ELEMENT_BYTES = [0, 0, 1, 2, 4, 8];
