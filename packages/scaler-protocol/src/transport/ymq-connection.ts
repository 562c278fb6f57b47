import type { Duplex } from "node:stream";
import type { Magic } from "../codec/magic.ts";
import { isProtocolError, ProtocolError } from "../protocol-error.ts";
import { orAbort } from "./abort.ts";
import type { Connection, ConnectionHandlers, TransportLimits } from "./connection.ts";
import { DrainGate } from "./drain-gate.ts";
import { FrameAssembler } from "./frame-assembler.ts";
import { FrameWriter } from "./frame-writer.ts";
import { fromSocketError } from "./socket-error.ts";

/** What the handshake learnt, and the stream it was held on. */
export interface YmqLink {
  readonly stream: Duplex;
  readonly magic: Magic;
  readonly remoteIdentity: string;
  /** Bytes that came after the peer's identity. */
  readonly rest: Buffer;
  /** For texts: the address in words. */
  readonly name: string;
}

const DEFAULT_CLOSE_MS = 2_000;

/** A YMQ link after its handshake. See {@link Connection} for the contract. */
export class YmqConnection implements Connection {
  readonly transport = "ymq";
  readonly magic: Magic;
  readonly remoteIdentity: string;
  readonly #stream: Duplex;
  readonly #name: string;
  readonly #handlers: ConnectionHandlers;
  readonly #limits: TransportLimits;
  readonly #assembler: FrameAssembler;
  readonly #writer: FrameWriter;
  readonly #gate: DrainGate;
  /** For a streamed frame, which must go on whatever waits behind it. */
  readonly #streamGate: DrainGate;
  /** Frames that wait for a streamed one to end. */
  #behind: Uint8Array[] | undefined;
  #behindBytes = 0;
  #streaming = Promise.resolve();
  #received = 0;
  #paused = false;
  #over = false;
  #closing: Promise<void> | undefined;
  #failure: ProtocolError | undefined;

  constructor(link: YmqLink, handlers: ConnectionHandlers, limits: TransportLimits) {
    this.magic = link.magic;
    this.remoteIdentity = link.remoteIdentity;
    this.#stream = link.stream;
    this.#name = link.name;
    this.#handlers = handlers;
    this.#limits = limits;
    this.#assembler = new FrameAssembler(handlers, limits.maxFrameBytes);
    this.#gate = new DrainGate(() => this.bufferedBytes <= limits.highWaterMarkBytes);
    this.#streamGate = new DrainGate(() => this.#writer.bufferedBytes <= limits.highWaterMarkBytes);
    this.#writer = new FrameWriter(link.stream, () => this.#progress());
    link.stream.on("error", (reason) => this.#end(fromSocketError(reason, this.#name, true)));
    link.stream.on("end", () => this.#end(this.#ended("the peer closed the connection in order (FIN)")));
    link.stream.on("close", () => this.#end(this.#ended("the connection closed")));
    // Not before the caller of `connect` holds the connection.
    setImmediate(() => this.#start(link.rest));
  }

  get bytesReceived(): number {
    return this.#received;
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes + this.#behindBytes;
  }

  send(frame: Uint8Array): boolean {
    if (this.#over || this.#closing !== undefined) return false;
    const buffered = this.bufferedBytes;
    if (buffered > 0 && buffered + frame.length > this.#limits.maxBufferedBytes) {
      throw new ProtocolError(
        "limit",
        `${this.#name}: ${buffered} bytes wait to be sent, at most ${this.#limits.maxBufferedBytes} may`,
      );
    }
    if (this.#behind === undefined) {
      this.#writer.frame(frame);
    } else {
      this.#behind.push(frame);
      this.#behindBytes += frame.length;
    }
    return this.bufferedBytes <= this.#limits.highWaterMarkBytes;
  }

  async sendStream(
    byteLength: number,
    chunks: AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    const turn = this.#streaming.then(() => this.#sendStream(byteLength, chunks, options?.signal));
    this.#streaming = turn.catch(() => {});
    return turn;
  }

  async #sendStream(
    byteLength: number,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    signal?.throwIfAborted();
    await this.#streamGate.pass({ signal });
    if (this.#closing !== undefined) throw this.#ended("the connection is closing");
    this.#behind = [];
    this.#writer.header(byteLength);
    try {
      let sent = 0;
      const source = chunks[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await orAbort(source.next(), signal);
          if (next.done === true) break;
          sent += next.value.length;
          if (sent > byteLength) break;
          await this.#streamGate.pass({ signal });
          this.#writer.raw(next.value);
        }
      } finally {
        // Not awaited: a source that hangs must not hang its cancellation too.
        if (sent !== byteLength || this.#over) source.return?.().catch(() => {});
      }
      if (sent !== byteLength) {
        throw new ProtocolError(
          "malformed",
          `a stream announced as ${byteLength} bytes gave ${sent}${sent > byteLength ? " or more" : ""}`,
        );
      }
      this.#writer.flush();
    } catch (reason) {
      const why = isProtocolError(reason)
        ? reason
        : new ProtocolError("closed", "a streamed frame was given up", { cause: reason });
      this.#end(why);
      throw reason;
    }
    const behind = this.#behind;
    this.#behind = undefined;
    this.#behindBytes = 0;
    for (const frame of behind) this.#writer.frame(frame);
    await this.#streamGate.pass({ signal });
  }

  async drained(options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    return this.#gate.pass(options);
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#over) this.#stream.resume();
  }

  close(options?: { readonly timeoutMs?: number }): Promise<void> {
    this.#closing ??= this.#close(options?.timeoutMs ?? DEFAULT_CLOSE_MS);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#over) return;
    this.#assembler.stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    // A streamed frame under way is part of what is queued.
    const flushed = this.#streaming.then(() => {
      if (this.#over) return;
      this.#writer.flush();
      this.#stream.end();
      // Unread bytes would make the system answer with RST, which takes back what the peer has not read yet.
      this.#stream.resume();
    });
    this.#stream.once("close", resolve).once("end", resolve);
    await Promise.race([promise, flushed.then(() => promise)]);
    clearTimeout(timer);
    this.#end(undefined);
  }

  destroy(): void {
    this.#end(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(rest: Buffer): void {
    if (this.#over) return;
    if (this.#stream.destroyed) {
      // It ended between the handshake and the constructor, when nobody listened.
      this.#end(fromSocketError(this.#stream.errored ?? new Error("the connection closed"), this.#name, true));
      return;
    }
    this.#stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    if (rest.length > 0) this.#receive(rest);
    // A listener on `data` starts the flow, also where the owner has paused meanwhile.
    if (this.#paused) this.#stream.pause();
    else if (!this.#over) this.#stream.resume();
  }

  #receive(chunk: Buffer): void {
    this.#received += chunk.length;
    try {
      this.#assembler.push(chunk);
    } catch (reason) {
      this.#end(
        isProtocolError(reason)
          ? reason
          : new ProtocolError("malformed", `${this.#name}: a frame could not be handled`, { cause: reason }),
      );
    }
  }

  #progress(): void {
    this.#streamGate.progress();
    this.#gate.progress();
  }

  #ended(text: string): ProtocolError {
    const tail = this.#assembler.atBoundary ? "" : " in the middle of a frame";
    return this.#failure ?? new ProtocolError("closed", `${this.#name}: ${text}${tail}`);
  }

  #end(reason: ProtocolError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    const told = this.#closing === undefined ? reason : undefined;
    this.#failure = told;
    this.#assembler.stop();
    this.#writer.discard();
    this.#behindBytes = 0;
    this.#stream.destroy();
    this.#gate.fail(told);
    this.#streamGate.fail(told);
    this.#handlers.onClose(told);
  }
}
