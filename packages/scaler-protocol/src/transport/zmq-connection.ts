import type { Dealer } from "zeromq";
import { isProtocolError, ProtocolError } from "../protocol-error.ts";
import type { Connection, ConnectionHandlers, TransportLimits } from "./connection.ts";
import { DrainGate } from "./drain-gate.ts";

/** What is needed to open a ZeroMQ link, once the greeting has shown that the server speaks it. */
export interface ZmqTarget {
  /** Literal address of the server: the library would try only the first address of a name. */
  readonly host: string;
  readonly port: number;
  readonly identity: string;
  /** For texts: the address in words. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Messages inside the library before it makes us wait; the bytes before it are counted by us. */
const LIBRARY_QUEUE = 1_000;
const DEFAULT_CLOSE_MS = 2_000;
const MAX_IDENTITY_BYTES = 255;

/**
 * Opens a DEALER whose routing id is our identity. The package `zeromq` is loaded here, at the first server that speaks
 * it, and nowhere else: it is an optional dependency with a native part.
 *
 * The socket never reconnects by itself: what the server sent into the gap would be lost without a word. An end is told
 * by `onClose`, as everywhere.
 *
 * @throws {ProtocolError} `version` where the package is absent; `closed` when the handshake fails; or the signal's reason.
 */
export async function openZmq(
  target: ZmqTarget,
  handlers: ConnectionHandlers,
  limits: TransportLimits,
): Promise<Connection> {
  if (Buffer.byteLength(target.identity) > MAX_IDENTITY_BYTES) {
    throw new ProtocolError(
      "limit",
      `${target.name}: ZeroMQ takes names of at most ${MAX_IDENTITY_BYTES} bytes, got ${target.identity}`,
    );
  }
  const library = await load(target.name);
  target.signal.throwIfAborted();
  const dealer = new library.Dealer({
    routingId: target.identity,
    reconnectInterval: -1,
    sendHighWaterMark: LIBRARY_QUEUE,
    receiveHighWaterMark: LIBRARY_QUEUE,
    maxMessageSize: limits.maxFrameBytes,
    ipv6: true,
    linger: 0,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refuse = (): void => reject(new ProtocolError("closed", `${target.name}: the ZeroMQ handshake failed`));
  const onAbort = (): void => reject(target.signal.reason);
  target.signal.addEventListener("abort", onAbort);
  dealer.events.on("handshake", () => resolve());
  for (const failure of [
    "disconnect",
    "handshake:error:protocol",
    "handshake:error:auth",
    "handshake:error:other",
  ] as const) {
    dealer.events.on(failure, refuse);
  }
  try {
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    dealer.connect(`tcp://${host}:${target.port}`);
    await promise;
    return new ZmqConnection(dealer, target.name, handlers, limits);
  } catch (reason) {
    dealer.close();
    throw reason;
  } finally {
    target.signal.removeEventListener("abort", onAbort);
  }
}

async function load(name: string): Promise<typeof import("zeromq")> {
  try {
    return await import("zeromq");
  } catch (cause) {
    throw new ProtocolError(
      "version",
      `${name} speaks ZeroMQ, which needs the optional package zeromq, and that could not be loaded; install it, or run the scheduler with SCALER_NETWORK_BACKEND=ymq`,
      { cause },
    );
  }
}

/** A ZeroMQ link. See {@link Connection} for the contract; the greeting tells neither magic nor name. */
class ZmqConnection implements Connection {
  readonly transport = "zmq";
  readonly magic = undefined;
  readonly remoteIdentity = "";
  readonly #dealer: Dealer;
  readonly #name: string;
  readonly #handlers: ConnectionHandlers;
  readonly #limits: TransportLimits;
  readonly #gate: DrainGate;
  #queue: Uint8Array[] = [];
  #bytes = 0;
  #received = 0;
  #pumping: Promise<void> | undefined;
  #resumed: PromiseWithResolvers<void> | undefined;
  #closing: Promise<void> | undefined;
  #over = false;

  constructor(dealer: Dealer, name: string, handlers: ConnectionHandlers, limits: TransportLimits) {
    this.#dealer = dealer;
    this.#name = name;
    this.#handlers = handlers;
    this.#limits = limits;
    this.#gate = new DrainGate(() => this.#bytes <= limits.highWaterMarkBytes);
    dealer.events.on("disconnect", () =>
      this.#end(
        new ProtocolError(
          "closed",
          `${name}: the peer closed the connection, or sent more than ${limits.maxFrameBytes} bytes`,
        ),
      ),
    );
    setImmediate(() => void this.#receive());
  }

  get bytesReceived(): number {
    return this.#received;
  }

  get bufferedBytes(): number {
    return this.#bytes;
  }

  send(frame: Uint8Array): boolean {
    if (this.#over || this.#closing !== undefined) return false;
    if (this.#bytes > 0 && this.#bytes + frame.length > this.#limits.maxBufferedBytes) {
      throw new ProtocolError(
        "limit",
        `${this.#name}: ${this.#bytes} bytes wait to be sent, at most ${this.#limits.maxBufferedBytes} may`,
      );
    }
    this.#queue.push(frame);
    this.#bytes += frame.length;
    this.#pumping ??= this.#pump();
    return this.#bytes <= this.#limits.highWaterMarkBytes;
  }

  /** A ZeroMQ message is sent whole, so the pieces are gathered first. */
  async sendStream(
    byteLength: number,
    chunks: AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    options?.signal?.throwIfAborted();
    if (byteLength > this.#limits.maxBufferedBytes) {
      throw new ProtocolError("limit", `${this.#name}: a ZeroMQ message of ${byteLength} bytes cannot be streamed`);
    }
    const frame = Buffer.allocUnsafeSlow(byteLength);
    let filled = 0;
    for await (const chunk of chunks) {
      options?.signal?.throwIfAborted();
      if (filled + chunk.length <= byteLength) frame.set(chunk, filled);
      filled += chunk.length;
      if (filled > byteLength) break;
    }
    if (filled !== byteLength) {
      throw new ProtocolError("malformed", `a stream announced as ${byteLength} bytes gave ${filled}`);
    }
    this.send(frame);
    await this.drained(options);
  }

  async drained(options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    return this.#gate.pass(options);
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers<void>();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  close(options?: { readonly timeoutMs?: number }): Promise<void> {
    this.#closing ??= this.#close(options?.timeoutMs ?? DEFAULT_CLOSE_MS);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#over) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([promise, this.#pumping]);
    clearTimeout(timer);
    // The library's own thread sends what it took, after the socket is closed here.
    if (!this.#over) this.#dealer.linger = timeoutMs;
    this.#end(undefined);
  }

  destroy(): void {
    this.#end(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #pump(): Promise<void> {
    // Lets the frames of one turn gather, and keeps `send` from re-entering the library.
    await Promise.resolve();
    try {
      for (let frame = this.#queue.shift(); frame !== undefined && !this.#over; frame = this.#queue.shift()) {
        // The library copies or holds the bytes by the time this resolves.
        await this.#dealer.send(frame);
        this.#bytes -= frame.length;
        this.#gate.progress();
      }
    } catch (cause) {
      this.#end(new ProtocolError("closed", `${this.#name}: sending failed`, { cause }));
    } finally {
      this.#pumping = undefined;
    }
  }

  async #receive(): Promise<void> {
    try {
      while (!this.#over) {
        if (this.#resumed !== undefined) await this.#resumed.promise;
        const [frame, ...more] = await this.#dealer.receive();
        if (this.#over || this.#closing !== undefined) continue;
        if (frame === undefined || more.length > 0) {
          throw new ProtocolError("malformed", `${this.#name}: expected messages of one frame, got ${more.length + 1}`);
        }
        this.#received += frame.length;
        this.#handlers.onFrame(frame);
      }
    } catch (reason) {
      // Closing the socket ends the wait with an error as well; #end has run by then.
      this.#end(
        isProtocolError(reason)
          ? reason
          : new ProtocolError("malformed", `${this.#name}: a frame could not be handled`, { cause: reason }),
      );
    }
  }

  #end(reason: ProtocolError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    const told = this.#closing === undefined ? reason : undefined;
    this.#queue = [];
    this.#bytes = 0;
    this.resume();
    this.#dealer.close();
    this.#gate.fail(told);
    this.#handlers.onClose(told);
  }
}
