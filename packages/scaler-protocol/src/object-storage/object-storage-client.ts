import { randomBytes } from "node:crypto";
import type { Magic } from "../codec/magic.ts";
import { encodeStorageObjectId, type StorageResponseHeader } from "../codec/storage-header.ts";
import { ProtocolError } from "../protocol-error.ts";
import { orAbort } from "../transport/abort.ts";
import { type Address, formatAddress, parseAddress } from "../transport/address.ts";
import type { Connection } from "../transport/connection.ts";
import { Budget } from "./budget.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import { ObjectReads } from "./object-reads.ts";
import type { ObjectStream } from "./object-stream.ts";
import { ObjectStreams } from "./object-streams.ts";
import { type PendingRequest, PendingRequests } from "./pending-requests.ts";
import { discardBody } from "./response-reader.ts";
import { StorageLink } from "./storage-link.ts";
import {
  DEFAULT_REQUEST_MS,
  DEFAULT_STORAGE_LIMITS,
  type GetOptions,
  type ObjectStorageOptions,
  type RequestOptions,
  type StorageLimits,
} from "./storage-options.ts";

/** A body of known length that comes piece by piece. */
export interface StreamedBody {
  readonly size: number;
  readonly stream: AsyncIterable<Uint8Array>;
}

const OBJECT_ID = /^[0-9a-f]{64}$/;

/**
 * A client of one object storage. Object ids are 64 lower-case hex digits.
 *
 * The connection is restored by itself when it breaks, with back-off, and what awaited an answer is sent again; only
 * streams end with it. A call fails by its own time limit: with `timeout` when the storage is there but does not answer
 * (a missing object, which it waits for without end), with `unreachable` when the storage itself is not there.
 */
export class ObjectStorageClient implements AsyncDisposable {
  readonly #name: string;
  readonly #limits: StorageLimits;
  readonly #requestTimeoutMs: number;
  readonly #pending = new PendingRequests();
  readonly #link: StorageLink;
  readonly #reads: ObjectReads;
  readonly #streams: ObjectStreams;
  readonly #slots: Budget;
  readonly #bytes: Budget;
  readonly #closed = new AbortController();
  readonly #deadlines = new Deadlines();
  #magic: Magic | undefined;

  private constructor(address: Address, options: ObjectStorageOptions) {
    this.#name = formatAddress(address);
    this.#limits = { ...DEFAULT_STORAGE_LIMITS, ...options.limits };
    this.#requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_MS;
    this.#slots = new Budget(this.#limits.maxPendingRequests);
    this.#bytes = new Budget(this.#limits.maxInFlightBytes);
    this.#link = new StorageLink(address, options, this.#limits.maxObjectBytes + 1, {
      onResponse: (header, body) => this.#pending.settle(header, body),
      bodySink: (header) => (this.#pending.wants(header) ? undefined : discardBody),
      onUp: (connection) => {
        this.#magic = connection.magic;
        this.#pending.resend(connection);
      },
      onDown: () => this.#pending.dropAbandoned(),
      waiting: () => this.#pending.size > 0,
      probe: (connection) => this.#probe(connection),
    });
    this.#reads = new ObjectReads(this.#pending, this.#link, this.#slots);
    this.#streams = new ObjectStreams(address, options, this.#limits.maxStreams);
  }

  /**
   * Connects, once: a storage that is not there yet is the caller's to wait for.
   * @throws {ProtocolError} as `connect`; `storage` when the server is none
   */
  static async open(address: string | Address, options: ObjectStorageOptions): Promise<ObjectStorageClient> {
    const client = new ObjectStorageClient(typeof address === "string" ? parseAddress(address) : address, options);
    await client.#link.start(options.signal);
    return client;
  }

  /** Numbering of the cluster's messages, from the storage's greeting: the only way to learn it where the scheduler speaks ZeroMQ. */
  get magic(): Magic | undefined {
    return this.#magic;
  }

  /** Requests that await an answer. */
  get pendingRequests(): number {
    return this.#pending.size;
  }

  /**
   * Reads an object into memory. Concurrent reads of one object are one request, and share their bytes: do not modify
   * them. Aborting one leaves the others.
   *
   * @throws {ProtocolError} `timeout` naming an object that nobody stores; `limit` for one longer than `maxBytes`;
   *   `unreachable`; `closed` after `close()`. The signal's reason.
   */
  async get(objectId: string, options?: GetOptions): Promise<Buffer> {
    using limit = this.#deadline(`object ${objectId} is missing: nobody stored it`, checked(objectId, options));
    const maxBytes = Math.min(options?.maxBytes ?? this.#limits.maxObjectBytes, this.#limits.maxObjectBytes);
    return await this.#reads.read(objectId, maxBytes, limit.signal);
  }

  /**
   * Reads an object piece by piece, on a connection of its own; the storage waits while nobody takes the pieces.
   * Resolves when it begins to come: `timeoutMs` is for that alone. For bodies of a few MiB and more.
   *
   * @throws {ProtocolError} as `get`; while iterating `closed` when the connection breaks, which is not mended.
   */
  async getStream(objectId: string, options?: GetOptions): Promise<ObjectStream> {
    using limit = this.#deadline(`object ${objectId} is missing: nobody stored it`, checked(objectId, options));
    const ends =
      options?.signal === undefined ? this.#closed.signal : AbortSignal.any([options.signal, this.#closed.signal]);
    return await this.#streams.read(objectId, options?.maxBytes ?? Number.POSITIVE_INFINITY, limit.signal, ends);
  }

  /**
   * Stores an object; resolves when the storage has said so. Bytes must not change until then, and are sent again after a
   * broken connection. A stream goes over a connection of its own, once, without a time limit but `timeoutMs`.
   * After an abort or a time-out the object may or may not be stored.
   *
   * @throws {ProtocolError} `timeout`, `unreachable`; for streams `closed`, `malformed` (another length), or what the source
   *   throws. The signal's reason.
   */
  async set(objectId: string, body: Uint8Array | StreamedBody, options?: RequestOptions): Promise<void> {
    checked(objectId, options);
    if (!(body instanceof Uint8Array)) return this.#setStream(objectId, body, options);
    using limit = this.#deadline(`storing object ${objectId} was not confirmed`, options);
    await this.#request(
      { requestType: "setObject", objectId, payloadLength: body.length, payload: body, accepts: ["setOK"] },
      limit.signal,
    );
  }

  /** Deletes objects. @returns how many of them existed. @throws {ProtocolError} `timeout`, `unreachable`; the signal's reason */
  async delete(objectIds: readonly string[], options?: RequestOptions): Promise<number> {
    for (const objectId of objectIds) checked(objectId, options);
    using limit = this.#deadline(`deleting ${objectIds.length} objects was not confirmed`, options);
    const answers = await Promise.all(
      objectIds.map((objectId) =>
        this.#request(
          {
            requestType: "deleteObject",
            objectId,
            payloadLength: 0,
            payload: undefined,
            accepts: ["delOK", "delNotExists"],
          },
          limit.signal,
        ),
      ),
    );
    return answers.filter((answer) => answer.responseType === "delOK").length;
  }

  /**
   * Gives an object a second id without moving its bytes. The storage waits for an object that is not there.
   * @throws {ProtocolError} `timeout`, `unreachable`; the signal's reason
   */
  async duplicate(objectId: string, newObjectId: string, options?: RequestOptions): Promise<void> {
    checked(objectId, options);
    checked(newObjectId, options);
    using limit = this.#deadline(`object ${objectId} is missing: nobody stored it`, options);
    const payload = encodeStorageObjectId(objectId);
    await this.#request(
      {
        requestType: "duplicateObjectID",
        objectId: newObjectId,
        payloadLength: payload.length,
        payload,
        accepts: ["duplicateOK"],
      },
      limit.signal,
    );
  }

  /** Ends the connection in order; what awaits an answer fails with `closed`. Safe to call again. */
  async close(): Promise<void> {
    const reason = new ProtocolError("closed", `${this.#name}: the object storage client was closed`);
    this.#closed.abort(reason);
    this.#deadlines.abort(reason);
    this.#pending.failAll(reason);
    await this.#link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #setStream(objectId: string, body: StreamedBody, options: RequestOptions | undefined): Promise<void> {
    const given = options?.signal;
    const signal = given === undefined ? this.#closed.signal : AbortSignal.any([given, this.#closed.signal]);
    if (options?.timeoutMs === undefined) return this.#streams.write(objectId, body.size, body.stream, signal);
    using limit = this.#deadline(`storing object ${objectId} was not confirmed`, { ...options, signal });
    await this.#streams.write(objectId, body.size, body.stream, limit.signal);
  }

  #deadline(what: string, options: RequestOptions | undefined): Deadline {
    const timeoutMs = options?.timeoutMs ?? this.#requestTimeoutMs;
    this.#closed.signal.throwIfAborted();
    const reason = (): ProtocolError => {
      const trouble = this.#link.trouble;
      return trouble === undefined
        ? new ProtocolError("timeout", `${what} within ${timeoutMs} ms`)
        : new ProtocolError("unreachable", `${this.#name} was not there for ${timeoutMs} ms`, { cause: trouble });
    };
    return this.#deadlines.start(timeoutMs, reason, options?.signal);
  }

  /** Sends one request when there is room for it, and waits for its answer. */
  async #request(
    request: Omit<PendingRequest, "settle" | "fail">,
    signal: AbortSignal,
  ): Promise<StorageResponseHeader> {
    const giveSlot = await this.#slots.take(1, signal);
    let giveBytes: () => void;
    try {
      giveBytes = await this.#bytes.take(request.payload?.length ?? 0, signal);
      this.#closed.signal.throwIfAborted();
    } catch (reason) {
      giveSlot();
      throw reason;
    }
    // Room is given back at the answer, not when the caller leaves: until then the bytes are held.
    const release = (): void => {
      giveBytes();
      giveSlot();
    };
    const { promise, resolve, reject } = Promise.withResolvers<StorageResponseHeader>();
    const settle = (header: StorageResponseHeader): void => {
      release();
      resolve(header);
    };
    const fail = (reason: ProtocolError): void => {
      release();
      reject(reason);
    };
    const requestId = this.#pending.add({ ...request, settle, fail }, this.#link.connection);
    try {
      return await orAbort(promise, signal);
    } catch (reason) {
      this.#pending.abandon(requestId);
      throw reason;
    }
  }

  /** Deletes an object that cannot exist: every release answers that at once. */
  #probe(connection: Connection): void {
    const objectId = randomBytes(32).toString("hex");
    const ignore = (): void => {};
    const requestId = this.#pending.add(
      {
        requestType: "deleteObject",
        objectId,
        payloadLength: 0,
        payload: undefined,
        accepts: ["delOK", "delNotExists"],
        settle: ignore,
        fail: ignore,
      },
      connection,
    );
    this.#pending.abandon(requestId);
  }
}

function checked<Options>(objectId: string, options: Options): Options {
  if (OBJECT_ID.test(objectId)) return options;
  throw new ProtocolError(
    "malformed",
    `expected an object id of 64 lower-case hex digits, got ${JSON.stringify(objectId.slice(0, 80))}`,
  );
}
