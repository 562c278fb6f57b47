import { AdapterError } from "@scaler-aws-hpc/adapter-core";

const NEWLINE = 0x0a;

/** Cuts a byte stream into lines of UTF-8 text. Holds one unfinished line at most. */
export class LineReader {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #held = 0;

  /** @param maxBytes longest line, without its end. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes. @throws {AdapterError} `too-large` */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.rest());
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return lines;
  }

  /** What came after the last line's end; the reader is empty then. */
  rest(): string {
    const line = Buffer.concat(this.#pieces, this.#held).toString("utf8");
    this.#pieces = [];
    this.#held = 0;
    return line;
  }

  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#held += piece.length;
    if (this.#held > this.#maxBytes) {
      throw new AdapterError("too-large", `a line is longer than ${this.#maxBytes} bytes`);
    }
    this.#pieces.push(piece);
  }
}
