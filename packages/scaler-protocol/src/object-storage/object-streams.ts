import { encodeStorageRequest } from "../codec/storage-header.ts";
import { isProtocolError, ProtocolError } from "../protocol-error.ts";
import { orAbort } from "../transport/abort.ts";
import type { Address } from "../transport/address.ts";
import { backoffDelayMs } from "../transport/backoff.ts";
import { RETRYABLE, sleep } from "../transport/connect-with-retry.ts";
import type { Connection } from "../transport/connection.ts";
import { Budget } from "./budget.ts";
import { type ObjectStream, ReceivedBody } from "./object-stream.ts";
import { openStorage } from "./open-storage.ts";
import type { ObjectStorageOptions } from "./storage-options.ts";

const REQUEST_ID = 1;

/**
 * Moves objects that are too big to hold. Each stream has a connection of its own: it may stop in the middle for as
 * long as the other end needs, and holds up nothing but itself.
 */
export class ObjectStreams {
  readonly #address: Address;
  readonly #options: ObjectStorageOptions;
  readonly #lanes: Budget;

  constructor(address: Address, options: ObjectStorageOptions, maxStreams: number) {
    this.#address = address;
    this.#options = options;
    this.#lanes = new Budget(maxStreams);
  }

  /**
   * Resolves when the object begins to come. Until then a broken connection is made again; afterwards it is an error.
   *
   * @param wait ends the wait for the beginning
   * @param ends ends the stream, at any time
   * @throws {ProtocolError} `limit` for an object longer than `maxBytes`; the reason of `wait`
   */
  async read(objectId: string, maxBytes: number, wait: AbortSignal, ends: AbortSignal): Promise<ObjectStream> {
    for (let attempt = 0; ; attempt++) {
      const release = await this.#lanes.take(1, wait);
      try {
        return await this.#read(objectId, maxBytes, wait, ends, release);
      } catch (reason) {
        release();
        if (wait.aborted || !isProtocolError(reason) || !RETRYABLE.has(reason.code)) throw reason;
      }
      await sleep(backoffDelayMs(attempt, Math.random(), this.#options.backoff), wait);
    }
  }

  async #read(
    objectId: string,
    maxBytes: number,
    wait: AbortSignal,
    ends: AbortSignal,
    release: () => void,
  ): Promise<ObjectStream> {
    const begun = Promise.withResolvers<ReceivedBody>();
    begun.promise.catch(() => {});
    let connection: Connection | undefined;
    let body: ReceivedBody | undefined;
    const begin = (size: number, id: string): ReceivedBody => {
      if (id !== objectId) throw new ProtocolError("storage", `expected object ${objectId}, got ${id}`);
      if (size > maxBytes) {
        throw new ProtocolError("limit", `object ${objectId} is longer than the ${maxBytes} bytes accepted`);
      }
      body = new ReceivedBody(size, () => connection);
      begun.resolve(body);
      return body;
    };
    const onAbort = (): void => {
      body?.abort(ends.reason);
      connection?.destroy();
    };
    connection = await openStorage(
      this.#address,
      this.#options,
      Number.MAX_SAFE_INTEGER,
      {
        // Only an empty object has no body.
        onResponse: (header) => begin(0, header.objectId).end(),
        bodySink: (header) => begin(header.payloadLength, header.objectId),
        onClose: (reason) => {
          ends.removeEventListener("abort", onAbort);
          release();
          const why = reason ?? new ProtocolError("closed", `the stream of object ${objectId} was ended`);
          begun.reject(why);
          body?.fail(why);
        },
      },
      wait,
    );
    ends.addEventListener("abort", onAbort);
    const wanted = Number.isSafeInteger(maxBytes + 1) ? maxBytes + 1 : Number.POSITIVE_INFINITY;
    connection.send(
      encodeStorageRequest({ requestType: "getObject", objectId, payloadLength: wanted, requestId: REQUEST_ID }),
    );
    try {
      return await orAbort(begun.promise, wait);
    } catch (reason) {
      connection.destroy();
      throw reason;
    }
  }

  /**
   * Sends a body as it comes and resolves at the storage's word. One attempt: a stream cannot be read again.
   *
   * @throws {ProtocolError} `closed` when the connection breaks; `malformed` for a body of another length; what the source throws
   */
  async write(
    objectId: string,
    size: number,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const release = await this.#lanes.take(1, signal);
    const stored = Promise.withResolvers<void>();
    stored.promise.catch(() => {});
    try {
      const connection = await openStorage(
        this.#address,
        this.#options,
        0,
        {
          onResponse: (header) => {
            if (header.responseType === "setOK" && header.objectId === objectId) stored.resolve();
            else
              throw new ProtocolError("storage", `expected setOK for object ${objectId}, got ${header.responseType}`);
          },
          onClose: (reason) =>
            stored.reject(reason ?? new ProtocolError("closed", `the stream of object ${objectId} was ended`)),
        },
        signal,
      );
      try {
        connection.send(
          encodeStorageRequest({ requestType: "setObject", objectId, payloadLength: size, requestId: REQUEST_ID }),
        );
        await connection.sendStream(size, chunks, { signal });
        await orAbort(stored.promise, signal);
        await connection.close();
      } finally {
        connection.destroy();
      }
    } finally {
      release();
    }
  }
}
