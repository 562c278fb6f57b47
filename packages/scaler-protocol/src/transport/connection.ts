import type { Magic } from "../codec/magic.ts";
import type { ProtocolError } from "../protocol-error.ts";

/** Bounds of one connection. Each is checked before memory is taken. */
export interface TransportLimits {
  /** Longest frame accepted from the peer, in bytes. @default 268_435_456 (256 MiB) */
  readonly maxFrameBytes: number;
  /** Bytes queued for sending above which `send` answers false. @default 4_194_304 (4 MiB) */
  readonly highWaterMarkBytes: number;
  /**
   * Bytes queued for sending above which `send` throws `limit` instead of queueing more: the bound for callers that do
   * not wait. One frame is always accepted by an empty queue. @default 1_073_741_824 (1 GiB)
   */
  readonly maxBufferedBytes: number;
}

/** What a connection is allowed unless the caller says otherwise. */
export const DEFAULT_TRANSPORT_LIMITS: TransportLimits = {
  maxFrameBytes: 256 * 1024 * 1024,
  highWaterMarkBytes: 4 * 1024 * 1024,
  maxBufferedBytes: 1024 * 1024 * 1024,
};

/** Whom to trust on `tls://` and `wss://`. The peer's certificate and name are verified unless `insecure` is set. */
export interface TlsOptions {
  /** PEM certificates trusted **instead of** the roots that Node ships. */
  readonly ca?: string | Uint8Array;
  /** Accept any certificate: encrypted, but the peer may be anyone. Callers should warn. @default false */
  readonly insecure?: boolean;
}

/** Takes the body of one frame piece by piece, instead of having it assembled. */
export interface FrameSink {
  /** The next bytes, in order. They are views of a receive buffer: copy what is kept. */
  chunk(bytes: Uint8Array): void;
  /** All announced bytes have come. Not called when the connection ends first: `onClose` tells that. */
  end(): void;
}

/** What the owner of a connection hears. Each function is called synchronously and must not wait. */
export interface ConnectionHandlers {
  /**
   * One whole frame. Never called before `connect` has resolved, nor after `onClose`, `close()` or `destroy()`.
   *
   * A short frame is a view of the receive buffer (up to 64 KiB on TCP, a whole message on WebSocket), which stays in memory as long as the view:
   * copy what is kept. The decoders of this package copy.
   * A throw closes the connection with the thrown error: a malformed frame costs its connection, nothing else.
   */
  readonly onFrame: (frame: Uint8Array) => void;
  /** Called once, when the connection is over: with the reason, or with `undefined` after `close()` or `destroy()`. */
  readonly onClose: (reason: ProtocolError | undefined) => void;
  /**
   * Asked before the body of each frame: a sink takes the body piece by piece, `undefined` leaves it to `onFrame`.
   * For bodies that should not be held in memory; not asked on ZeroMQ, which delivers whole messages.
   */
  readonly onFrameStart?: (byteLength: number) => FrameSink | undefined;
}

/** Options of `connect`. */
export interface ConnectOptions extends ConnectionHandlers {
  /**
   * Our name on the wire: non-empty, at most 255 bytes of UTF-8. A server closes an older YMQ connection of the same
   * name, and ignores a newer ZeroMQ one.
   */
  readonly identity: string;
  readonly tls?: TlsOptions | undefined;
  readonly limits?: Partial<TransportLimits> | undefined;
  /** Time for everything up to and including the peer's greeting, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Gives up connecting; no effect once connected. */
  readonly signal?: AbortSignal | undefined;
}

/** A link to one server: whole frames in both directions, in order. */
export interface Connection extends AsyncDisposable {
  /** Message numbering of the peer; `undefined` on ZeroMQ, whose greeting does not tell. */
  readonly magic: Magic | undefined;
  readonly transport: "ymq" | "zmq";
  /** Name the peer gave itself; empty on ZeroMQ, which does not tell. */
  readonly remoteIdentity: string;
  /**
   * Queues one frame; frames queued in one turn of the event loop leave together. The bytes belong to the connection
   * until they are sent: do not modify them.
   *
   * @returns false when more than `highWaterMarkBytes` wait (the frame is queued all the same): await `drained()`.
   *   Also false once closed, when the frame is dropped: `onClose` has told why.
   * @throws {ProtocolError} `limit` when more than `maxBufferedBytes` would wait.
   */
  send(frame: Uint8Array): boolean;
  /**
   * Sends one frame of exactly `byteLength` bytes as its pieces come, never holding more than the high-water mark.
   * Frames sent meanwhile wait behind it. Resolves once all is handed to the system.
   * If the source fails, is aborted or has another length, the connection is destroyed: half a frame cannot be taken back.
   *
   * @throws {ProtocolError} `closed` when the connection ends first; `malformed` for another length; or what the source threw.
   */
  sendStream(
    byteLength: number,
    chunks: AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Bytes that have come from the peer after its greeting: tells a silent link from a slow one. */
  readonly bytesReceived: number;
  /** Bytes queued and not yet taken by the system. */
  readonly bufferedBytes: number;
  /**
   * Resolves once at most `highWaterMarkBytes` wait.
   * @throws {ProtocolError} `closed` when the connection ends first.
   */
  drained(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Stops taking bytes from the peer, who then has to wait; up to one receive buffer may still be delivered. */
  pause(): void;
  resume(): void;
  /** Flushes what is queued, ends the connection in order (FIN), and waits for the peer, `timeoutMs` at most. @default 2_000 */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Ends the connection now; what is queued is lost. */
  destroy(): void;
}
