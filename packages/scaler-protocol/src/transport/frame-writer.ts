import type { Duplex } from "node:stream";

const HEADER_BYTES = 8;
/** Bodies up to this length are copied next to their neighbours; longer ones are written as they are. */
const COPY_BYTES = 8 * 1024;
const SLAB_BYTES = 64 * 1024;
/** Bytes after which queued frames leave before the turn ends, so that the system works while the caller goes on. */
const EAGER_BYTES = 256 * 1024;
/** Frames that follow a write within this time wait for its rest, in milliseconds: a stream of small frames shares writes, a lone one leaves at once. */
const GATHER_MS = 2;

/**
 * Writes frames to a byte stream, few writes for many frames: what is queued in one turn of the event loop, or within {@link GATHER_MS} of the write
 * before, leaves in one write, long bodies beside it without a copy.
 */
export class FrameWriter {
  readonly #stream: Duplex;
  readonly #onProgress: () => void;
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #slabStart = 0;
  #slabEnd = 0;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #cancel: (() => void) | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;

  /** @param onProgress called whenever the stream has taken what was written */
  constructor(stream: Duplex, onProgress: () => void) {
    this.#stream = stream;
    this.#onProgress = onProgress;
  }

  /** Bytes that the system has not taken yet, wherever they wait. */
  get bufferedBytes(): number {
    return this.#queuedBytes + this.#stream.writableLength;
  }

  /** Queues a header that announces `byteLength` bytes, and no body: `raw` brings it. */
  header(byteLength: number): void {
    const at = this.#reserve(HEADER_BYTES);
    this.#slab.writeUInt32LE(byteLength % 0x1_0000_0000, at);
    this.#slab.writeUInt32LE(Math.floor(byteLength / 0x1_0000_0000), at + 4);
    this.#queuedBytes += HEADER_BYTES;
    this.#schedule();
  }

  /** Queues bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (bytes.length <= COPY_BYTES) {
      const at = this.#reserve(bytes.length);
      this.#slab.set(bytes, at);
    } else {
      this.#cutSlab();
      this.#queue.push(bytes);
    }
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= EAGER_BYTES) this.flush();
    else this.#schedule();
  }

  /** Queues one frame. */
  frame(bytes: Uint8Array): void {
    this.header(bytes.length);
    this.raw(bytes);
  }

  /** Hands everything queued to the stream. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#cutSlab();
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#flushedAt = performance.now();
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    const last = queue.length - 1;
    if (last > 0) this.#stream.cork();
    for (let i = 0; i < last; i++) this.#stream.write(queue[i]);
    this.#stream.write(queue[last], this.#onProgress);
    if (last > 0) this.#stream.uncork();
  }

  /** Forgets everything queued. */
  discard(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#slabStart = this.#slabEnd;
  }

  #schedule(): void {
    if (this.#cancel !== undefined) return;
    if (performance.now() - this.#flushedAt < GATHER_MS) {
      const timer = setTimeout(() => this.flush(), GATHER_MS);
      this.#cancel = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(() => this.flush());
      this.#cancel = () => clearImmediate(immediate);
    }
  }

  /** Room in the slab; written parts are never reused, for the stream may still hold them. */
  #reserve(byteLength: number): number {
    if (this.#slabEnd + byteLength > this.#slab.length) {
      this.#cutSlab();
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slabStart = 0;
      this.#slabEnd = 0;
    }
    const at = this.#slabEnd;
    this.#slabEnd += byteLength;
    return at;
  }

  #cutSlab(): void {
    if (this.#slabEnd > this.#slabStart) this.#queue.push(this.#slab.subarray(this.#slabStart, this.#slabEnd));
    this.#slabStart = this.#slabEnd;
  }
}
