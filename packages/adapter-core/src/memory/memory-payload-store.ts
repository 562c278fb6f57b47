import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import type {
  Body,
  PayloadStore,
  PayloadStoreTraits,
  PutOutcome,
  StoredObject,
  StoreLocator,
} from "../contracts/payload-store.ts";
import { assertKey, assertPrefix } from "../formats/keys.ts";
import { bodyPieces, bodySize } from "../stores/body.ts";
import { OpenCalls } from "../stores/open-calls.ts";

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

interface Held {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly modifiedMs: number;
}

/** What several {@link MemoryPayloadStore}s share when they stand for clients of one place. */
export class MemoryPlace {
  readonly objects: Map<string, Held> = new Map();
  #versions = 0;

  /** An etag that no object of this place had before. */
  nextEtag(): string {
    this.#versions += 1;
    return `m${this.#versions}`;
  }
}

/** What {@link MemoryPayloadStore} can be told. */
export interface MemoryPayloadStoreOptions {
  /** Shared with other stores that see the same objects. @default a place of its own */
  readonly place?: MemoryPlace;
  /** @default `{ compress: false, flushMs: 0 }` */
  readonly traits?: PayloadStoreTraits;
  /** Largest object, in bytes; above: `too-large`. @default no limit */
  readonly maxObjectBytes?: number;
  /** Milliseconds for `modifiedMs`. @default `performance.timeOrigin + performance.now()` */
  readonly now?: () => number;
}

/** Keeps the payload-store contract in the memory of this process: for tests, simulations and as the contract's reference. */
export class MemoryPayloadStore implements PayloadStore {
  readonly traits: PayloadStoreTraits;
  readonly locator: StoreLocator = { kind: "memory" };
  readonly place: MemoryPlace;
  readonly #maxObjectBytes: number;
  readonly #now: () => number;
  readonly #calls = new OpenCalls("the memory store");

  constructor(options: MemoryPayloadStoreOptions = {}) {
    this.place = options.place ?? new MemoryPlace();
    this.traits = options.traits ?? { compress: false, flushMs: 0 };
    this.#maxObjectBytes = options.maxObjectBytes ?? Number.POSITIVE_INFINITY;
    this.#now = options.now ?? (() => performance.timeOrigin + performance.now());
  }

  async put(
    key: string,
    body: Body,
    options?: AbortOptions & { readonly if?: "absent" | { readonly etag: string } },
  ): Promise<PutOutcome> {
    return await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      assertKey(key);
      if (bodySize(body) > this.#maxObjectBytes) {
        throw new AdapterError("too-large", `${key}: ${bodySize(body)} bytes, limit ${this.#maxObjectBytes}`);
      }
      const pieces: Uint8Array[] = [];
      // Copied piece by piece: a producer may use its buffer again once the next piece is asked for.
      for await (const piece of bodyPieces(body, options)) pieces.push(Buffer.from(piece));
      options?.signal?.throwIfAborted();
      const held = this.place.objects.get(key);
      const condition = options?.if;
      if (condition === "absent" ? held !== undefined : condition && held?.etag !== condition.etag)
        return { stored: false };
      const etag = this.place.nextEtag();
      this.place.objects.set(key, { bytes: Buffer.concat(pieces), etag, modifiedMs: this.#now() });
      return { stored: true, etag };
    });
  }

  async get(
    key: string,
    options?: AbortOptions & {
      readonly range?: { readonly start: number; readonly end: number };
      readonly maxBytes?: number;
    },
  ): Promise<{ readonly body: Uint8Array; readonly etag: string } | undefined> {
    return await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      assertKey(key);
      const held = this.place.objects.get(key);
      if (!held) return undefined;
      const { start, end } = options?.range ?? { start: 0, end: held.bytes.length };
      const part = held.bytes.subarray(start, Math.max(start, end));
      const limit = options?.maxBytes ?? DEFAULT_MAX_BYTES;
      if (part.length > limit)
        throw new AdapterError("too-large", `${key}: ${part.length} bytes to read, limit ${limit}`);
      return { body: Uint8Array.from(part), etag: held.etag };
    });
  }

  async *list(prefix: string, options?: AbortOptions): AsyncGenerator<StoredObject, void, undefined> {
    this.#calls.assertOpen();
    options?.signal?.throwIfAborted();
    assertPrefix(prefix);
    // Keys are ASCII: the order of code units is the order of bytes.
    for (const key of [...this.place.objects.keys()].filter((key) => key.startsWith(prefix)).sort()) {
      this.#calls.assertOpen();
      options?.signal?.throwIfAborted();
      const held = this.place.objects.get(key);
      if (held) yield { key, size: held.bytes.length, modifiedMs: held.modifiedMs };
    }
  }

  async delete(keys: readonly string[], options?: AbortOptions): Promise<void> {
    await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      for (const key of keys) assertKey(key);
      for (const key of keys) this.place.objects.delete(key);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls.close();
  }
}
