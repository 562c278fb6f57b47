import type { ProtocolError } from "../src/protocol-error.ts";
import type { ConnectionHandlers } from "../src/transport/connection.ts";

/** Handlers that record what they hear, and let a test wait for it. */
export class Listener implements ConnectionHandlers {
  readonly frames: Buffer[] = [];
  readonly closes: (ProtocolError | undefined)[] = [];
  #changed: (() => void)[] = [];

  readonly onFrame = (frame: Uint8Array): void => {
    this.frames.push(Buffer.from(frame.buffer, frame.byteOffset, frame.length));
    this.#tell();
  };

  readonly onClose = (reason: ProtocolError | undefined): void => {
    this.closes.push(reason);
    this.#tell();
  };

  /** Resolves once `n` frames have come. */
  async received(n: number): Promise<readonly Buffer[]> {
    while (this.frames.length < n) await this.#next();
    return this.frames;
  }

  /** Resolves with the reason once the connection is over. */
  async closed(): Promise<ProtocolError | undefined> {
    while (this.closes.length === 0) await this.#next();
    return this.closes[0];
  }

  async #next(): Promise<void> {
    await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const each of waiting) each();
  }
}
