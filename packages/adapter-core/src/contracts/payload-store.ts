import type { AbortOptions } from "./abort-options.ts";

/**
 * Bytes to store: one piece, pieces to be written one after another (no copy is made), or a stream of known size.
 * `sha256`, where given, is the lower-case hex digest of the whole; a store that finds other bytes throws `corrupt` and stores nothing.
 */
export type Body =
  | Uint8Array
  | readonly Uint8Array[]
  | { readonly size: number; readonly stream: AsyncIterable<Uint8Array>; readonly sha256?: string };

/** Where a runner finds the store: goes into the job's parameters, so it holds no secret. `kind` selects the runner's reader. */
export interface StoreLocator {
  readonly kind: string;
  readonly [name: string]: string;
}

/** What differs between stores, as data. */
export interface PayloadStoreTraits {
  /** Whether moving a byte costs more than compressing it. When false, the engine does not gzip. */
  readonly compress: boolean;
  /** Bytes above which the engine passes a stream instead of one piece. @default 8 MiB */
  readonly streamAboveBytes?: number;
  /** How long a finished task's result may wait in a runner for more to share its frame, in milliseconds. */
  readonly flushMs: number;
}

/** One stored object, as `list` reports it. */
export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly modifiedMs: number;
}

/** The outcome of a put: `stored: false` means that the condition did not hold and nothing was changed. */
export type PutOutcome = { readonly stored: true; readonly etag: string } | { readonly stored: false };

/**
 * Holds bundles, shared objects and result frames under keys of `[A-Za-z0-9._/-]` and `_`, at most 512 characters, no empty, `.` or `..` segment
 * (others: `rejected`, before anything is read or written).
 *
 * Reads see every put that resolved before they began, whole or not at all. Implementations are safe for concurrent use, and two instances
 * over one place behave as one. After disposal every call throws `unavailable`; disposal is idempotent and waits for calls under way.
 *
 * @throws {AdapterError} `unavailable`, `throttled`, `denied`, `rejected`, `too-large`, `corrupt`; an abort rejects with the signal's reason
 *   and leaves either the whole object or nothing (never a part that a read could see).
 */
export interface PayloadStore extends AsyncDisposable {
  readonly traits: PayloadStoreTraits;
  readonly locator: StoreLocator;
  /**
   * Stores `body` under `key`, atomically. `if: "absent"` stores only when the key does not exist: of concurrent calls exactly one resolves
   * with `stored: true`. `if: { etag }` stores only over the version with that etag (compare-and-set). Without `if` the last one wins.
   */
  put(
    key: string,
    body: Body,
    options?: AbortOptions & { readonly if?: "absent" | { readonly etag: string } },
  ): Promise<PutOutcome>;
  /**
   * Reads an object or a range of it (`end` exclusive; a range past the end gives what is there). `undefined` means absent, nothing else does.
   * @throws {AdapterError} `too-large` when more than `maxBytes` would be read. @default 256 MiB
   */
  get(
    key: string,
    options?: AbortOptions & {
      readonly range?: { readonly start: number; readonly end: number };
      readonly maxBytes?: number;
    },
  ): Promise<{ readonly body: Uint8Array; readonly etag: string } | undefined>;
  /** Every object whose key starts with `prefix`, in ascending order of key (by UTF-8 bytes). */
  list(prefix: string, options?: AbortOptions): AsyncIterable<StoredObject>;
  /** Removes keys; absent ones are no error. */
  delete(keys: readonly string[], options?: AbortOptions): Promise<void>;
}
