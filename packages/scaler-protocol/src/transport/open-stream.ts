import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { type Address, formatAddress } from "./address.ts";
import { fromSocketError } from "./socket-error.ts";
import { KEEP_ALIVE_MS, type OpenStreamOptions, tlsSettings } from "./stream-options.ts";
import { openWebSocket } from "./websocket-stream.ts";

// Node's own 250 ms gives up on a far address of a name that has several.
const ATTEMPT_MS = 2_000;

/**
 * Opens a byte stream to an address: resolved, connected, secured and upgraded.
 *
 * The stream has an `error` listener that does nothing, so that no late error can end the process; owners add theirs.
 * On failure nothing stays open.
 *
 * @throws {ProtocolError} `unreachable`, `tls`, `malformed` (not a WebSocket), `closed`; or the signal's reason.
 */
export async function openStream(address: Address, options: OpenStreamOptions): Promise<Duplex> {
  options.signal.throwIfAborted();
  if (address.scheme === "ws" || address.scheme === "wss") return openWebSocket(address, options);
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const socket = open(address, options);
  const onAbort = (): void => finish(() => reject(options.signal.reason));
  const onError = (reason: Error): void =>
    finish(() => reject(fromSocketError(reason, `connect to ${formatAddress(address)}`, false)));
  // A TLS peer that closes during the handshake gives `close` without `error` on some paths.
  const onClose = (): void => onError(new Error("the peer closed the connection"));
  const ready = address.scheme === "tls" ? "secureConnect" : "connect";
  const onReady = (): void => {
    detach();
    resolve(socket);
  };
  const detach = (): void => {
    options.signal.removeEventListener("abort", onAbort);
    socket.off("error", onError).off("close", onClose).off(ready, onReady);
  };
  const finish = (settle: () => void): void => {
    detach();
    socket.destroy();
    settle();
  };
  socket.on("error", () => {});
  socket.on("error", onError).on("close", onClose).on(ready, onReady);
  options.signal.addEventListener("abort", onAbort);
  return promise;
}

function open(address: Address, options: OpenStreamOptions): Socket {
  const target = {
    host: address.host,
    port: address.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
  };
  return address.scheme === "tls"
    ? connectTls({ ...target, ...tlsSettings(address, options.tls) })
    : connectTcp(target);
}
