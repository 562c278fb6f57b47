import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ProtocolError } from "../protocol-error.ts";
import { type Address, formatAddress, parseAddress } from "./address.ts";
import { type Connection, type ConnectOptions, DEFAULT_TRANSPORT_LIMITS, type TransportLimits } from "./connection.ts";
import { shakeHands } from "./handshake.ts";
import { openStream } from "./open-stream.ts";
import { YmqConnection } from "./ymq-connection.ts";
import { openZmq } from "./zmq-connection.ts";

const DEFAULT_CONNECT_MS = 10_000;
// A server may put several frames into one WebSocket message.
const MESSAGE_SLACK = 1024 * 1024;

/**
 * Connects to a scheduler or an object storage. The server's greeting decides between YMQ and ZeroMQ; for the latter the
 * probing socket, which has said nothing, is dropped and a DEALER opened instead (`tcp` only).
 *
 * One attempt: see `connectWithRetry` for more. On failure nothing stays open and no handler is called.
 *
 * @throws {ProtocolError} `address`; `unreachable`; `timeout` when no greeting came in time; `tls`; `version` for a peer
 *   of another YMQ version, or ZeroMQ without its package; `malformed` for a peer that is no Scaler; `closed` when the peer
 *   hung up. The signal's reason when that aborts.
 */
export async function connect(target: string | Address, options: ConnectOptions): Promise<Connection> {
  const address = typeof target === "string" ? parseAddress(target) : target;
  options.signal?.throwIfAborted();
  const limits: TransportLimits = { ...DEFAULT_TRANSPORT_LIMITS, ...options.limits };
  const name = formatAddress(address);
  if (options.identity === "") throw new ProtocolError("malformed", `${name}: a connection needs a non-empty identity`);

  const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_MS;
  const timeout = new AbortController();
  // Not AbortSignal.timeout: its timer would not keep a process alive that waits for nothing else.
  let doing = "the connection to be made";
  const timer = setTimeout(
    () => timeout.abort(new ProtocolError("timeout", `${name}: waited ${timeoutMs} ms for ${doing}`)),
    timeoutMs,
  );
  const signal = options.signal === undefined ? timeout.signal : AbortSignal.any([options.signal, timeout.signal]);
  try {
    const maxMessageBytes = limits.maxFrameBytes + MESSAGE_SLACK;
    const stream = await openStream(address, { tls: options.tls, maxMessageBytes, signal });
    doing = `the greeting of a Scaler server${address.scheme === "tcp" ? " (a TLS port needs tls://)" : ""}`;
    const peer = await shakeHands(stream, options.identity, name, signal);
    if (peer.speaks === "ymq") return new YmqConnection({ stream, name, ...peer }, options, limits);
    const reached = literal(address, stream);
    doing = "the ZeroMQ handshake";
    return await openZmq({ ...reached, identity: options.identity, name, signal }, options, limits);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the probing socket, and says which of the host's addresses it had reached. */
function literal(address: Address, stream: Duplex): { host: string; port: number } {
  const remote = stream instanceof Socket ? stream.remoteAddress : undefined;
  stream.destroy();
  if (address.scheme !== "tcp") {
    throw new ProtocolError("version", `${formatAddress(address)}: the peer speaks ZeroMQ, which works on tcp:// only`);
  }
  return { host: remote ?? address.host, port: address.port };
}
