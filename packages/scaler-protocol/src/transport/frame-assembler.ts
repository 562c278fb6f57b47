import { ProtocolError } from "../protocol-error.ts";
import type { FrameSink } from "./connection.ts";

/** Where frames go. */
export interface FrameReceiver {
  onFrame(frame: Uint8Array): void;
  /** A sink takes the body of this frame piece by piece. */
  onFrameStart?(byteLength: number): FrameSink | undefined;
}

const HEADER_BYTES = 8;
/** Frames up to this length are views of the chunk they came in: a copy would cost more than the pinned memory. */
const VIEW_BYTES = 16 * 1024;

/**
 * Cuts a byte stream into frames: a length of 8 bytes, little-endian, then that many bytes. Zero is a legal length.
 *
 * Every byte is copied at most once. A frame that lies whole in one chunk, and is short or makes up most of it, is a
 * view; any other gets a buffer of its own, taken once the length is known and within the limit. The system backs that
 * buffer with memory only as bytes come, so a length that lies costs address space, not memory.
 */
export class FrameAssembler {
  readonly #receiver: FrameReceiver;
  readonly #maxFrameBytes: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerFill = 0;
  #remaining = 0;
  #body: Buffer | undefined;
  #sink: FrameSink | undefined;
  #stopped = false;

  constructor(receiver: FrameReceiver, maxFrameBytes: number) {
    this.#receiver = receiver;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** True between frames: the stream may end here without loss. */
  get atBoundary(): boolean {
    return this.#headerFill === 0;
  }

  /** No frame is delivered from now on, not even from the chunk in hand. */
  stop(): void {
    this.#stopped = true;
    this.#body = undefined;
    this.#sink = undefined;
  }

  /**
   * Takes the next chunk, which must not be changed afterwards.
   * @throws {ProtocolError} `limit` for a frame that is too long; and whatever the receiver throws.
   */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      at = this.#headerFill < HEADER_BYTES ? this.#readHeader(chunk, at) : this.#readBody(chunk, at);
    }
  }

  #readHeader(chunk: Buffer, at: number): number {
    const whole = this.#headerFill === 0 && chunk.length - at >= HEADER_BYTES;
    if (whole) {
      this.#headerFill = HEADER_BYTES;
      this.#start(chunk, at);
      return this.#wholeFrame(chunk, at + HEADER_BYTES);
    }
    const taken = chunk.copy(this.#header, this.#headerFill, at, at + HEADER_BYTES - this.#headerFill);
    this.#headerFill += taken;
    if (this.#headerFill < HEADER_BYTES) return at + taken;
    this.#start(this.#header, 0);
    return this.#wholeFrame(chunk, at + taken);
  }

  #start(header: Buffer, at: number): void {
    // Above 2^53 the sum is inexact, but then it is above every limit too.
    const length = header.readUInt32LE(at) + header.readUInt32LE(at + 4) * 0x1_0000_0000;
    if (length > this.#maxFrameBytes) {
      throw new ProtocolError(
        "limit",
        `the peer announced a frame of ${length} bytes, at most ${this.#maxFrameBytes} are accepted`,
      );
    }
    this.#remaining = length;
    this.#sink = this.#receiver.onFrameStart?.(length);
  }

  /** The fast path: a frame that lies whole in the chunk. */
  #wholeFrame(chunk: Buffer, at: number): number {
    const length = this.#remaining;
    if (this.#stopped || this.#sink !== undefined || chunk.length - at < length) {
      if (this.#sink !== undefined && length === 0) this.#finish(undefined);
      return at;
    }
    const view = chunk.subarray(at, at + length);
    const keepsLittle = length <= VIEW_BYTES || length * 2 >= chunk.length;
    this.#finish(keepsLittle ? view : Buffer.from(view));
    return at + length;
  }

  #readBody(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#remaining, chunk.length - at);
    if (this.#sink !== undefined) {
      this.#sink.chunk(chunk.subarray(at, at + taken));
    } else {
      this.#body ??= Buffer.allocUnsafeSlow(this.#remaining);
      chunk.copy(this.#body, this.#body.length - this.#remaining, at, at + taken);
    }
    this.#remaining -= taken;
    if (this.#remaining === 0 && !this.#stopped) this.#finish(this.#body);
    return at + taken;
  }

  #finish(frame: Buffer | undefined): void {
    const sink = this.#sink;
    this.#headerFill = 0;
    this.#remaining = 0;
    this.#body = undefined;
    this.#sink = undefined;
    if (sink !== undefined) sink.end();
    else if (frame !== undefined) this.#receiver.onFrame(frame);
  }
}
