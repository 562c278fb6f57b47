import {
  encodeStorageRequest,
  type StorageRequestType,
  type StorageResponseHeader,
  type StorageResponseType,
} from "../codec/storage-header.ts";
import { ProtocolError } from "../protocol-error.ts";
import type { Connection } from "../transport/connection.ts";

/** A request that awaits its answer, with all that is needed to send it again. */
export interface PendingRequest {
  readonly requestType: StorageRequestType;
  readonly objectId: string;
  /** What the header announces: the length of `payload`, or for a read the most that is wanted. */
  readonly payloadLength: number;
  /** Follows the header where the request type has one, even when it is empty. */
  readonly payload: Uint8Array | undefined;
  /** Answers that are right for it. */
  readonly accepts: readonly StorageResponseType[];
  settle(header: StorageResponseHeader, body: Uint8Array): void;
  fail(reason: ProtocolError): void;
}

interface Entry {
  readonly request: PendingRequest;
  /** Nobody waits any more, but its bytes are still on their way. */
  abandoned: boolean;
}

/**
 * The requests on their way, by id. Ids are never used twice, so a late answer finds nothing and is dropped; and an
 * answer must name the object that was asked for.
 */
export class PendingRequests {
  readonly #byId = new Map<number, Entry>();
  #nextId = 1;

  get size(): number {
    return this.#byId.size;
  }

  /** Registers a request and sends it if a connection stands; if not, {@link resend} will. */
  add(request: PendingRequest, connection: Connection | undefined): number {
    const requestId = this.#nextId++;
    this.#byId.set(requestId, { request, abandoned: false });
    if (connection !== undefined) transmit(connection, requestId, request);
    return requestId;
  }

  /**
   * Nobody waits for this one any more: it is not sent again, and its answer is dropped. A `setObject` stays registered
   * until the storage has it or the connection breaks, for until then its bytes take room.
   */
  abandon(requestId: number): void {
    const entry = this.#byId.get(requestId);
    if (entry === undefined) return;
    if (entry.request.requestType === "setObject") entry.abandoned = true;
    else this.#fail(requestId, entry);
  }

  /** Sends everything again, in the order of the calls. */
  resend(connection: Connection): void {
    for (const [requestId, { request }] of this.#byId) transmit(connection, requestId, request);
  }

  /** The connection broke: requests that nobody waits for are forgotten. */
  dropAbandoned(): void {
    for (const [requestId, entry] of this.#byId) if (entry.abandoned) this.#fail(requestId, entry);
  }

  /**
   * True when an answer with this header reaches somebody.
   * @throws {ProtocolError} `storage` for an answer that does not fit its request
   */
  wants(header: StorageResponseHeader): boolean {
    const entry = this.#byId.get(header.responseId);
    if (entry === undefined) return false;
    assertFits(header, entry.request);
    return !entry.abandoned;
  }

  /** @throws {ProtocolError} `storage` for an answer that does not fit its request */
  settle(header: StorageResponseHeader, body: Uint8Array): void {
    const request = this.#byId.get(header.responseId)?.request;
    if (request === undefined) return;
    assertFits(header, request);
    this.#byId.delete(header.responseId);
    request.settle(header, body);
  }

  /** Ends all with one reason. */
  failAll(reason: ProtocolError): void {
    const entries = [...this.#byId.values()];
    this.#byId.clear();
    for (const { request } of entries) request.fail(reason);
  }

  #fail(requestId: number, entry: Entry): void {
    this.#byId.delete(requestId);
    entry.request.fail(new ProtocolError("closed", "given up"));
  }
}

function assertFits(header: StorageResponseHeader, request: PendingRequest): void {
  const { requestType, objectId, payloadLength, accepts } = request;
  if (!accepts.includes(header.responseType) || header.objectId !== objectId) {
    const got = `${header.responseType} for ${header.objectId}`;
    throw new ProtocolError("storage", `expected ${accepts.join(" or ")} for object ${objectId}, got ${got}`);
  }
  const most = requestType === "getObject" ? payloadLength : 0;
  if (header.payloadLength > most) {
    const got = `${header.payloadLength} bytes`;
    throw new ProtocolError("storage", `object ${objectId}: asked for at most ${most} bytes, got ${got}`);
  }
}

function transmit(connection: Connection, requestId: number, request: PendingRequest): void {
  const { requestType, objectId, payloadLength, payload } = request;
  connection.send(encodeStorageRequest({ requestType, objectId, payloadLength, requestId }));
  if (payload !== undefined) connection.send(payload);
}
