/** Cuts what one client sends into its name and its frames, for servers that stand in for the real ones. */
export class FrameCutter {
  readonly #onIdentity: (identity: string) => void;
  readonly #onFrame: (frame: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes that still go before the first length: the magic. */
  #skip = 4;
  #named = false;

  constructor(onIdentity: (identity: string) => void, onFrame: (frame: Buffer) => void) {
    this.#onIdentity = onIdentity;
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const start = this.#skip + 8;
      if (this.#rest.length < start) return;
      const end = start + Number(this.#rest.readBigUInt64LE(this.#skip));
      if (this.#rest.length < end) return;
      const body = this.#rest.subarray(start, end);
      this.#rest = this.#rest.subarray(end);
      this.#skip = 0;
      if (this.#named) {
        this.#onFrame(body);
      } else {
        this.#named = true;
        this.#onIdentity(body.toString("utf8"));
      }
    }
  }
}
