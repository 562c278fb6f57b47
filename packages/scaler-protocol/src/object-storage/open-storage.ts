import { randomBytes } from "node:crypto";
import { ProtocolError } from "../protocol-error.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import { connect } from "../transport/connect.ts";
import type { Connection } from "../transport/connection.ts";
import { type ResponseHandler, ResponseReader } from "./response-reader.ts";
import type { ObjectStorageOptions } from "./storage-options.ts";

/**
 * Opens one connection to an object storage.
 *
 * Every connection has a name of its own. Under a name that was used before, the server would go on with what the old
 * connection left: half a request, or the second half of an answer.
 *
 * @param maxPayloadBytes longest body that this connection will ever ask for
 * @throws {ProtocolError} as `connect`; `storage` when the server is no object storage
 */
export async function openStorage(
  address: Address,
  options: ObjectStorageOptions,
  maxPayloadBytes: number,
  handler: ResponseHandler & { onClose(reason: ProtocolError | undefined): void },
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const reader = new ResponseReader(handler, maxPayloadBytes);
  const connection = await connect(address, {
    identity: `${options.identity}|${randomBytes(4).toString("hex")}`,
    onFrame: (frame) => reader.onFrame(frame),
    onFrameStart: (byteLength) => reader.onFrameStart(byteLength),
    onClose: (reason) => handler.onClose(reason),
    tls: options.tls,
    connectTimeoutMs: options.connectTimeoutMs,
    // What is sent is bounded by the client's own budgets, and a request must never be cut in two.
    limits: { maxFrameBytes: Math.max(maxPayloadBytes, 1024), maxBufferedBytes: Number.POSITIVE_INFINITY },
    signal,
  });
  if (connection.transport === "ymq") return connection;
  connection.destroy();
  throw new ProtocolError(
    "storage",
    `${formatAddress(address)}: expected an object storage, got a server that speaks ZeroMQ`,
  );
}
