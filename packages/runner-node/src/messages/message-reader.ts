/** Before each message: its length in 6 bytes, its kind in one. */
export const HEAD_BYTES = 7;

const LENGTH_BYTES = 6;

/** Writes the head of a message whose body has so many bytes. */
export function writeHead(into: Buffer, at: number, kind: number, bodyBytes: number): void {
  into.writeUIntLE(bodyBytes, at, LENGTH_BYTES);
  into[at + LENGTH_BYTES] = kind;
}

/** Cuts what comes through a pipe into messages. */
export class MessageReader {
  readonly #hear: (kind: number, body: Buffer) => void;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** How many bytes have to be there before it is worth looking. */
  #wanted = HEAD_BYTES;

  constructor(hear: (kind: number, body: Buffer) => void) {
    this.#hear = hear;
  }

  push(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes < this.#wanted) return;
    // Joined once for each message, however many parts it comes in.
    const all = this.#parts.length === 1 ? part : Buffer.concat(this.#parts, this.#bytes);
    let at = 0;
    this.#wanted = HEAD_BYTES;
    while (all.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + all.readUIntLE(at, LENGTH_BYTES);
      if (end > all.length) {
        this.#wanted = end - at;
        break;
      }
      this.#hear(all[at + LENGTH_BYTES] ?? 0, all.subarray(at + HEAD_BYTES, end));
      at = end;
    }
    this.#bytes = all.length - at;
    this.#parts = this.#bytes === 0 ? [] : [all.subarray(at)];
  }
}
