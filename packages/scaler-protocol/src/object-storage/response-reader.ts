import { decodeStorageResponse, STORAGE_HEADER_BYTES, type StorageResponseHeader } from "../codec/storage-header.ts";
import { ProtocolError } from "../protocol-error.ts";
import type { FrameSink } from "../transport/connection.ts";
import type { FrameReceiver } from "../transport/frame-assembler.ts";

/** Where answers go. */
export interface ResponseHandler {
  /** A whole answer; `body` may be a view of the receive buffer. Not called for one whose body went to a sink. */
  onResponse(header: StorageResponseHeader, body: Uint8Array): void;
  /** Asked before a body comes: a sink takes it piece by piece. {@link discardBody} drops it. */
  bodySink?(header: StorageResponseHeader): FrameSink | undefined;
}

const EMPTY = new Uint8Array(0);

/** Takes a body that nobody wants any more, without holding it. */
export const discardBody: FrameSink = { chunk() {}, end() {} };

/**
 * Joins the frames of an object storage to answers: a header of 80 bytes, then its payload, which is left out when the
 * header announces none. Any other order or length is an error that costs the connection.
 */
export class ResponseReader implements FrameReceiver {
  readonly #handler: ResponseHandler;
  readonly #maxPayloadBytes: number;
  #header: StorageResponseHeader | undefined;

  constructor(handler: ResponseHandler, maxPayloadBytes: number) {
    this.#handler = handler;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** @throws {ProtocolError} `storage` for a frame whose length is not the announced one */
  onFrameStart(byteLength: number): FrameSink | undefined {
    const header = this.#header;
    const expected = header?.payloadLength ?? STORAGE_HEADER_BYTES;
    if (byteLength !== expected) {
      const what = header === undefined ? "a header" : `the ${expected} bytes of object ${header.objectId}`;
      throw new ProtocolError("storage", `expected ${what}, got a frame of ${byteLength} bytes`);
    }
    const sink = header && this.#handler.bodySink?.(header);
    if (sink !== undefined) this.#header = undefined;
    return sink;
  }

  /** @throws {ProtocolError} `malformed`, `truncated` or `limit` for a header that cannot be right */
  onFrame(frame: Uint8Array): void {
    const announced = this.#header;
    if (announced !== undefined) {
      this.#header = undefined;
      this.#handler.onResponse(announced, frame);
      return;
    }
    const header = decodeStorageResponse(frame);
    if (header.payloadLength > this.#maxPayloadBytes) {
      throw new ProtocolError(
        "limit",
        `object ${header.objectId}: the storage announced ${header.payloadLength} bytes, at most ${this.#maxPayloadBytes} were asked for`,
      );
    }
    if (header.payloadLength === 0) this.#handler.onResponse(header, EMPTY);
    else this.#header = header;
  }
}
