import { ProtocolError } from "../protocol-error.ts";
import { DEFAULT_DECODE_LIMITS } from "./decode-limits.ts";
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { StructView } from "./struct-view.ts";

/** What is asked of the object storage, in wire order. */
export const STORAGE_REQUEST_TYPES = [
  "setObject",
  "getObject",
  "deleteObject",
  "duplicateObjectID",
  "infoGetTotal",
] as const;
/** One of {@link STORAGE_REQUEST_TYPES}. */
export type StorageRequestType = (typeof STORAGE_REQUEST_TYPES)[number];

/** What the object storage answers, in wire order. */
export const STORAGE_RESPONSE_TYPES = [
  "setOK",
  "getOK",
  "delOK",
  "delNotExists",
  "duplicateOK",
  "infoGetTotalOK",
] as const;
/** One of {@link STORAGE_RESPONSE_TYPES}. */
export type StorageResponseType = (typeof STORAGE_RESPONSE_TYPES)[number];

/** The header that goes before the payload of a request. */
export interface StorageRequestHeader {
  readonly requestType: StorageRequestType;
  /** 32 bytes as 64 hex digits. */
  readonly objectId: string;
  /**
   * Bytes of the payload message that follows (set, duplicate), or the most that is wanted (get).
   * `Infinity` is all of it, 2^64 - 1 on the wire.
   */
  readonly payloadLength: number;
  /** Chosen by the asker, repeated in the answer; a whole number up to 2^53 - 1. */
  readonly requestId: number;
}

/** The header that goes before the payload of an answer. */
export interface StorageResponseHeader {
  readonly responseType: StorageResponseType;
  /** 32 bytes as 64 hex digits, lower-case. */
  readonly objectId: string;
  /** Bytes of the payload message that follows; none follows when it is 0. */
  readonly payloadLength: number;
  /** The `requestId` that this answers. */
  readonly responseId: number;
}

/** Bytes of either header as a frame. */
export const STORAGE_HEADER_BYTES = 80;
/** Bytes of the payload of a duplicate request. */
export const STORAGE_OBJECT_ID_BYTES = 48;

// Encoding is synchronous and calls nothing of the caller's, so one writer serves all.
const writer = new FrameWriter();

/** Encodes a request header, 80 bytes. @throws {ProtocolError} `malformed` for a field out of range */
export function encodeStorageRequest(header: StorageRequestHeader): Uint8Array {
  const type = STORAGE_REQUEST_TYPES.indexOf(header.requestType);
  return encodeHeader(header.payloadLength, header.requestId, type, header.objectId);
}

/** Encodes a response header, 80 bytes; for servers that stand in for the real one. @throws {ProtocolError} `malformed` */
export function encodeStorageResponse(header: StorageResponseHeader): Uint8Array {
  const type = STORAGE_RESPONSE_TYPES.indexOf(header.responseType);
  return encodeHeader(header.payloadLength, header.responseId, type, header.objectId);
}

/** Encodes the payload of a duplicate request, 48 bytes: the id of the object to copy. @throws {ProtocolError} `malformed` */
export function encodeStorageObjectId(objectId: string): Uint8Array {
  writeObjectId(writer.beginBare(32, 0, 0), objectId);
  return writer.finish();
}

/** Decodes a request header. @throws {ProtocolError} `truncated`, `malformed` or `limit` */
export function decodeStorageRequest(frame: Uint8Array): StorageRequestHeader {
  const root = readHeader(frame);
  const requestType = STORAGE_REQUEST_TYPES[root.uint16(16)];
  if (requestType === undefined) throw new ProtocolError("malformed", `a storage request of type ${root.uint16(16)}`);
  const wanted = root.uint64(0);
  return {
    requestType,
    objectId: readObjectId(root.struct(0)),
    payloadLength: wanted === 2 ** 64 ? Number.POSITIVE_INFINITY : safe(wanted, "payload length"),
    requestId: safe(root.uint64(8), "request id"),
  };
}

/** Decodes a response header. @throws {ProtocolError} `truncated`, `malformed` or `limit` */
export function decodeStorageResponse(frame: Uint8Array): StorageResponseHeader {
  const root = readHeader(frame);
  const responseType = STORAGE_RESPONSE_TYPES[root.uint16(16)];
  if (responseType === undefined) throw new ProtocolError("malformed", `a storage answer of type ${root.uint16(16)}`);
  return {
    responseType,
    objectId: readObjectId(root.struct(0)),
    payloadLength: safe(root.uint64(0), "payload length"),
    responseId: safe(root.uint64(8), "response id"),
  };
}

/** Decodes the payload of a duplicate request. @throws {ProtocolError} `truncated`, `malformed` or `limit` */
export function decodeStorageObjectId(frame: Uint8Array): string {
  return readObjectId(readHeader(frame));
}

function encodeHeader(payloadLength: number, id: number, type: number, objectId: string): Uint8Array {
  const body = writer.beginBare(24, 1, 32);
  if (payloadLength === Number.POSITIVE_INFINITY) writer.maxUint64(body);
  else writer.uint64(body, payloadLength);
  writer.uint64(body + 8, id);
  writer.uint16(body + 16, type);
  writeObjectId(writer.struct(body + 24, 32, 0), objectId);
  return writer.finish();
}

// The servers read the 32 bytes of an id as four big-endian numbers and store those as Cap'n Proto does, little-endian:
// on this wire each group of eight bytes runs backwards. In messages of the scheduler ids are plain bytes.
function writeObjectId(at: number, objectId: string): void {
  if (objectId.length !== 64) {
    throw new ProtocolError("malformed", `expected an object id of 64 hex digits, got ${objectId.length} characters`);
  }
  writer.hexReversed(at, objectId);
}

const readObjectId = (id: StructView): string =>
  id.reversedHex(0) + id.reversedHex(8) + id.reversedHex(16) + id.reversedHex(24);

/** A header is 80 bytes; anything much longer is no header, whatever it says. */
const HEADER_LIMITS = Object.freeze({ ...DEFAULT_DECODE_LIMITS, maxFrameBytes: 1024, maxSegments: 4 });

const readHeader = (frame: Uint8Array): StructView => new FrameReader(frame, HEADER_LIMITS).root();

function safe(value: number, what: string): number {
  if (Number.isSafeInteger(value)) return value;
  throw new ProtocolError("limit", `a storage header with a ${what} of ${value}, at most 2^53 - 1 is read`);
}
