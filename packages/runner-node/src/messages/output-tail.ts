/** Longest tail of a task's output in a frame, in bytes, for each of stdout and stderr. */
export const TAIL_BYTES: number = 64 * 1024;

/** The last 64 KiB that a task wrote to stdout or stderr. */
export class OutputTail {
  #parts: Buffer[] = [];
  #bytes = 0;
  #cut = false;

  /** Forgets what was written: another task begins. */
  clear(): void {
    if (this.#bytes === 0) return;
    this.#parts = [];
    this.#bytes = 0;
    this.#cut = false;
  }

  write(part: Buffer): void {
    // A copy: the part is a piece of a buffer that came through a pipe.
    this.#parts.push(Buffer.from(part));
    this.#bytes += part.length;
    // Shortened seldom, so that a million short lines are copied a few times.
    if (this.#bytes > 4 * TAIL_BYTES) this.#shorten();
  }

  /** What was written, without what is older than the last 64 KiB; a cut never leaves half a character at its beginning. */
  get bytes(): Uint8Array {
    if (this.#bytes === 0) return new Uint8Array(0);
    this.#shorten();
    const [all = Buffer.alloc(0)] = this.#parts;
    let first = 0;
    if (this.#cut) while (first < all.length && isContinuation(all[first])) first += 1;
    return all.subarray(first);
  }

  #shorten(): void {
    const all = Buffer.concat(this.#parts, this.#bytes);
    this.#cut ||= all.length > TAIL_BYTES;
    this.#parts = [all.subarray(-TAIL_BYTES)];
    this.#bytes = Math.min(all.length, TAIL_BYTES);
  }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
