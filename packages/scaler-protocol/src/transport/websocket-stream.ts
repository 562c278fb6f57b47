import type { Duplex } from "node:stream";
import WebSocket, { createWebSocketStream } from "ws";
import { type Address, formatAddress } from "./address.ts";
import { fromSocketError } from "./socket-error.ts";
import { KEEP_ALIVE_MS, type OpenStreamOptions, tlsSettings } from "./stream-options.ts";

/** Longest message we send. A message is masked and copied in one go, so long bodies are cut to keep the loop free. */
const MESSAGE_BYTES = 256 * 1024;
/** The library keeps its bound in 32 bits. The servers cut what they write at 256 MiB. */
const LONGEST_MESSAGE = 2 ** 31 - 1;

/**
 * Opens a WebSocket and makes a byte stream of it: the bytes travel in binary messages whose boundaries mean nothing.
 * The path of the address is kept. Compression is off: payloads are compressed where that pays.
 *
 * @throws {ProtocolError} as `openStream`.
 */
export async function openWebSocket(address: Address, options: OpenStreamOptions): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const socket = new WebSocket(formatAddress(address), {
    perMessageDeflate: false,
    followRedirects: false,
    skipUTF8Validation: true,
    maxPayload: Math.min(options.maxMessageBytes, LONGEST_MESSAGE),
    ...(address.scheme === "wss" ? tlsSettings(address, options.tls) : {}),
  });
  // Made before `open`: a message may come in the same packet as the upgrade.
  const stream = cutWrites(createWebSocketStream(socket, { readableHighWaterMark: 64 * 1024 }));
  const onAbort = (): void => finish(options.signal.reason);
  const onError = (reason: Error): void =>
    finish(fromSocketError(reason, `connect to ${formatAddress(address)}`, false));
  const finish = (reason: unknown): void => {
    detach();
    stream.destroy();
    socket.terminate();
    reject(reason);
  };
  const onOpen = (): void => {
    detach();
    resolve(stream);
  };
  const detach = (): void => {
    options.signal.removeEventListener("abort", onAbort);
    socket.off("open", onOpen);
    stream.off("error", onError);
  };
  // Errors of the WebSocket reach the stream; those after its end reach nobody, and must not end the process.
  socket.on("error", () => {});
  stream.on("error", () => {});
  stream.on("error", onError);
  socket.on("open", onOpen);
  socket.on("upgrade", (response) => response.socket.setKeepAlive(true, KEEP_ALIVE_MS));
  options.signal.addEventListener("abort", onAbort);
  return promise;
}

/** Makes a stream write in pieces of at most {@link MESSAGE_BYTES}, each after the one before has left. */
function cutWrites(stream: Duplex): Duplex {
  const write = stream._write.bind(stream);
  stream._write = (chunk: Buffer, encoding, callback) => {
    const next = (at: number, error?: Error | null): void => {
      if (error || at >= chunk.length) callback(error);
      else write(chunk.subarray(at, at + MESSAGE_BYTES), encoding, (failed) => next(at + MESSAGE_BYTES, failed));
    };
    next(0);
  };
  return stream;
}
