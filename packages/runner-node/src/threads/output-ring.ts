/** Longest tail of a task's output in a frame, in bytes, for each of stdout and stderr. */
export const RING_BYTES: number = 64 * 1024;

/** Bytes of shared memory that a ring needs: a counter, then the ring. */
export const RING_MEMORY: number = 8 + RING_BYTES;

/**
 * The last 64 KiB that the tasks of one thread wrote to stdout or stderr, in memory that both threads see: what a task printed before it fell
 * into an endless loop could not be sent by a message any more.
 */
export class OutputRing {
  readonly #written: BigInt64Array;
  readonly #ring: Buffer;

  /** @param memory at least {@link RING_MEMORY} bytes from `at` on, which is a multiple of 8 */
  constructor(memory: SharedArrayBuffer, at: number) {
    this.#written = new BigInt64Array(memory, at, 1);
    this.#ring = Buffer.from(memory, at + 8, RING_BYTES);
  }

  /** Bytes that were ever written. */
  get position(): number {
    return Number(Atomics.load(this.#written, 0));
  }

  /** Only in the thread that runs tasks. */
  write(bytes: Uint8Array): void {
    const position = this.position + bytes.length;
    const tail = bytes.subarray(Math.max(0, bytes.length - RING_BYTES));
    const at = (position - tail.length) % RING_BYTES;
    const room = Math.min(tail.length, RING_BYTES - at);
    this.#ring.set(tail.subarray(0, room), at);
    this.#ring.set(tail.subarray(room), 0);
    Atomics.store(this.#written, 0, BigInt(position));
  }

  /** The tail of what was written since a position; a cut never leaves half a character at its beginning. */
  since(position: number): Uint8Array {
    const end = this.position;
    const start = Math.max(position, end - RING_BYTES);
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, end - start));
    const at = start % RING_BYTES;
    const room = Math.min(bytes.length, RING_BYTES - at);
    this.#ring.copy(bytes, 0, at, at + room);
    this.#ring.copy(bytes, room, 0, bytes.length - room);
    let first = 0;
    if (start > position) while (first < bytes.length && isContinuation(bytes[first])) first += 1;
    return bytes.subarray(first);
  }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
