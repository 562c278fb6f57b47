import { ProtocolError } from "../protocol-error.ts";
import type { FrameSink } from "../transport/connection.ts";

/** One object on its way: iterate it once. Leaving the loop early, or disposing, ends the transfer. */
export interface ObjectStream extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** Length of the object in bytes; so many will come unless the iteration throws. */
  readonly size: number;
}

/** What a body needs of the connection it comes on. */
export interface BodySource {
  pause(): void;
  resume(): void;
  destroy(): void;
}

const HIGH_BYTES = 2 * 1024 * 1024;
const LOW_BYTES = 512 * 1024;

/** Holds what has come and was not taken yet; stops the peer above {@link HIGH_BYTES}. */
export class ReceivedBody implements ObjectStream, FrameSink {
  readonly size: number;
  readonly #source: () => BodySource | undefined;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #complete = false;
  #failure: unknown;
  #wake: (() => void) | undefined;
  #taken = false;
  #paused = false;

  constructor(size: number, source: () => BodySource | undefined) {
    this.size = size;
    this.#source = source;
    this.#complete = size === 0;
  }

  chunk(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > HIGH_BYTES && !this.#paused) {
      this.#paused = true;
      this.#source()?.pause();
    }
    this.#wake?.();
  }

  end(): void {
    this.#complete = true;
    // What is left to take is here; the connection is free for the next.
    this.#source()?.destroy();
    this.#wake?.();
  }

  /** The connection ended. No effect on a body that has come whole. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#wake?.();
  }

  /** Ends the stream for whoever reads it, whatever has come. */
  abort(reason: unknown): void {
    this.#chunks = [];
    this.#complete = false;
    this.fail(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#taken) throw new ProtocolError("closed", "an object stream can be read once");
    this.#taken = true;
    try {
      for (;;) {
        const next = this.#take();
        if (next !== undefined) {
          yield next;
        } else if (this.#complete) {
          return;
        } else if (this.#failure !== undefined) {
          throw this.#failure;
        } else {
          await this.#more();
        }
      }
    } finally {
      this.#source()?.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#taken = true;
    this.#chunks = [];
    this.#source()?.destroy();
  }

  #take(): Uint8Array | undefined {
    const next = this.#chunks.shift();
    if (next === undefined) return undefined;
    this.#bytes -= next.length;
    if (this.#paused && this.#bytes < LOW_BYTES) {
      this.#paused = false;
      this.#source()?.resume();
    }
    return next;
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }
}
