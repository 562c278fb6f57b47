export { DEFAULT_DECODE_LIMITS, type DecodeLimits } from "./decode-limits.ts";
export { decodeMessage } from "./decode-message.ts";
export { encodeMessage } from "./encode-message.ts";
export type { Magic } from "./magic.ts";
export { type MessageName, messageName } from "./ordinals.ts";
export {
  decodeStorageObjectId,
  decodeStorageRequest,
  decodeStorageResponse,
  encodeStorageObjectId,
  encodeStorageRequest,
  encodeStorageResponse,
  STORAGE_HEADER_BYTES,
  STORAGE_OBJECT_ID_BYTES,
  type StorageRequestHeader,
  type StorageRequestType,
  type StorageResponseHeader,
  type StorageResponseType,
} from "./storage-header.ts";
