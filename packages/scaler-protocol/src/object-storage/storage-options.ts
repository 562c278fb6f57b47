import type { ProtocolError } from "../protocol-error.ts";
import type { BackoffOptions } from "../transport/backoff.ts";
import type { TlsOptions } from "../transport/connection.ts";

/** Options of `ObjectStorageClient.open`. */
export interface ObjectStorageOptions {
  /** Name that the connections to the storage begin with; each adds a random part, so they never displace each other. */
  readonly identity: string;
  readonly tls?: TlsOptions | undefined;
  readonly limits?: Partial<StorageLimits> | undefined;
  /** Time for one attempt to connect, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Time for an answer unless a call says otherwise, in milliseconds, reconnecting included. @default 60_000 */
  readonly requestTimeoutMs?: number | undefined;
  /** While an answer is awaited and nothing moves, the storage is asked for a sign of life this often, in milliseconds. @default 5_000 */
  readonly probeMs?: number | undefined;
  /** Waits between attempts to reconnect. */
  readonly backoff?: BackoffOptions | undefined;
  /** Told when the connection breaks, at each failed attempt to restore it, and when it stands again: for log lines. */
  readonly onLink?: ((state: StorageLinkState) => void) | undefined;
  /** Gives up the first connection. */
  readonly signal?: AbortSignal | undefined;
}

/** What `onLink` is told. */
export type StorageLinkState =
  | { readonly up: true }
  | { readonly up: false; readonly reason: ProtocolError; readonly retryInMs: number };

/** Bounds of one client. */
export interface StorageLimits {
  /** Longest object that `get` reads, in bytes. @default 1_073_741_824 (1 GiB) */
  readonly maxObjectBytes: number;
  /** Bytes of `set` bodies on their way at once; further sets wait. @default 67_108_864 (64 MiB) */
  readonly maxInFlightBytes: number;
  /** Requests that wait for an answer at once; further calls wait. @default 4_096 */
  readonly maxPendingRequests: number;
  /** Streams at once, each on a connection of its own; further ones wait. @default 8 */
  readonly maxStreams: number;
}

/** What a client is allowed unless the caller says otherwise. */
export const DEFAULT_STORAGE_LIMITS: StorageLimits = {
  maxObjectBytes: 1024 * 1024 * 1024,
  maxInFlightBytes: 64 * 1024 * 1024,
  maxPendingRequests: 4_096,
  maxStreams: 8,
};

/** Options of every call. */
export interface RequestOptions {
  /** Time for the answer, in milliseconds. @default the client's `requestTimeoutMs` */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of reads. */
export interface GetOptions extends RequestOptions {
  /** Longest object accepted; a longer one fails with `limit`. @default `limits.maxObjectBytes`; for streams no bound */
  readonly maxBytes?: number | undefined;
}

/** Time for an answer where nothing else is said, in milliseconds. */
export const DEFAULT_REQUEST_MS = 60_000;
