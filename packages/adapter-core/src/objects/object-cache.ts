import { AdapterError, isAdapterError, RETRYABLE } from "../contracts/adapter-error.ts";
import type { Clock } from "../contracts/host.ts";
import type { ObjectId } from "../engine/core/ids.ts";
import type { ObjectsPort } from "../engine/ports.ts";

/** Options of {@link ObjectCache}. */
export interface ObjectCacheOptions {
  readonly objects: ObjectsPort;
  readonly clock: Clock;
  /** Bytes kept at most; what is pinned counts, and may alone exceed it. @default 512 MiB */
  readonly maxBytes?: number | undefined;
  /** Longest object. @default 1 GiB */
  readonly maxObjectBytes?: number | undefined;
  /** How long an object may take to come to be, in milliseconds. @default 60_000 */
  readonly timeoutMs?: number | undefined;
  /** Ends every request. */
  readonly signal: AbortSignal;
}

/** A hold on an object. */
export interface Pin {
  readonly id: ObjectId;
  /**
   * Its bytes. A rejection needs no handler.
   * @throws {AdapterError} `missing` naming the object, `too-large`, `unavailable`
   */
  readonly bytes: Promise<Uint8Array>;
}

interface Entry extends Pin {
  /** Set once it is here. */
  size: number | undefined;
  pins: number;
  /** Still in the cache, and counted. */
  kept: boolean;
}

const RETRY_MS = 250;
/** Below this an object costs more to keep, entry and all, than to read again. */
const SMALL_BYTES = 64 * 1024;
/** Small objects kept though nobody holds them: functions and serializers, not every number that was ever an argument. */
const SMALL_KEPT = 2_048;

/**
 * Objects of the object storage, each read once: requests for one id share one read; what nobody holds is dropped, oldest use first, once
 * the bytes pass the limit, and of small ones all but the newest thousands. A failed read is forgotten, so a later request tries again.
 */
export class ObjectCache {
  readonly #objects: ObjectsPort;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #maxBytes: number;
  readonly #maxObjectBytes: number;
  readonly #timeoutMs: number;
  // In order of use, oldest first.
  readonly #entries = new Map<ObjectId, Entry>();
  /** Small ones that nobody holds, longest unheld first. */
  readonly #idleSmall = new Set<Entry>();
  #bytes = 0;
  #pinnedBytes = 0;

  constructor(options: ObjectCacheOptions) {
    this.#objects = options.objects;
    this.#clock = options.clock;
    this.#signal = options.signal;
    this.#maxBytes = options.maxBytes ?? 512 * 1024 * 1024;
    this.#maxObjectBytes = options.maxObjectBytes ?? 1024 * 1024 * 1024;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when what is pinned fills the cache: fetch no more than must be. */
  get full(): boolean {
    return this.#pinnedBytes >= this.#maxBytes;
  }

  /** Reads and pins an object. Each call is paired with a {@link release}, also when the bytes never come. */
  acquire(id: ObjectId): Pin {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { id, bytes: this.#read(id), size: undefined, pins: 0, kept: true };
      this.#fill(entry);
    } else {
      this.#entries.delete(id);
    }
    this.#entries.set(id, entry);
    if (entry.pins === 0) {
      this.#pinnedBytes += entry.size ?? 0;
      this.#idleSmall.delete(entry);
    }
    entry.pins += 1;
    return entry;
  }

  /** Lets go of what {@link acquire} pinned. */
  release(pin: Pin): void {
    const entry = pin as Entry;
    entry.pins -= 1;
    if (!entry.kept || entry.pins > 0) return;
    this.#pinnedBytes -= entry.size ?? 0;
    this.#rest(entry);
    this.#evict();
  }

  /** Forgets objects, for instance because the scheduler deletes them. Who holds their bytes keeps them. */
  drop(ids: Iterable<ObjectId>): void {
    for (const id of ids) this.#remove(this.#entries.get(id));
  }

  /** Forgets every object of an owner that nobody holds: their ids begin with the same 16 bytes. */
  dropOwned(owner: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.pins === 0 && entry.id.startsWith(owner)) this.#remove(entry);
    }
  }

  #fill(entry: Entry): void {
    entry.bytes.then(
      (bytes) => {
        entry.size = bytes.length;
        if (!entry.kept) return;
        this.#bytes += bytes.length;
        if (entry.pins > 0) this.#pinnedBytes += bytes.length;
        else this.#rest(entry);
        this.#evict();
      },
      () => this.#remove(entry),
    );
  }

  /** Nobody holds it any more. */
  #rest(entry: Entry): void {
    if (entry.size === undefined || entry.size > SMALL_BYTES) return;
    this.#idleSmall.add(entry);
    if (this.#idleSmall.size <= SMALL_KEPT) return;
    const [oldest] = this.#idleSmall;
    this.#remove(oldest);
  }

  #remove(entry: Entry | undefined): void {
    if (!entry?.kept) return;
    entry.kept = false;
    this.#idleSmall.delete(entry);
    this.#entries.delete(entry.id);
    this.#bytes -= entry.size ?? 0;
    if (entry.pins > 0) this.#pinnedBytes -= entry.size ?? 0;
  }

  #evict(): void {
    if (this.#bytes <= this.#maxBytes) return;
    for (const entry of this.#entries.values()) {
      if (entry.pins > 0 || entry.size === undefined) continue;
      this.#remove(entry);
      if (this.#bytes <= this.#maxBytes) return;
    }
  }

  async #read(id: ObjectId): Promise<Uint8Array> {
    const until = this.#clock.now() + this.#timeoutMs;
    for (;;) {
      const timeoutMs = Math.max(1, until - this.#clock.now());
      try {
        const bytes = await this.#objects.get(id, { timeoutMs, maxBytes: this.#maxObjectBytes, signal: this.#signal });
        // A short view of a big receive buffer would keep the whole of it.
        return bytes.buffer.byteLength > 2 * bytes.length + 4_096 ? Uint8Array.prototype.slice.call(bytes) : bytes;
      } catch (reason) {
        if (this.#signal.aborted) throw this.#signal.reason;
        if (!isAdapterError(reason)) throw reason;
        if (reason.code === "missing") throw this.#absent(id, reason);
        if (reason.code === "too-large") throw this.#tooLarge(id, reason);
        if (!RETRYABLE.has(reason.code)) throw reason;
        if (this.#clock.now() + RETRY_MS >= until) throw this.#absent(id, reason);
        await this.#clock.sleep(RETRY_MS, { signal: this.#signal });
      }
    }
  }

  #absent(id: ObjectId, cause: AdapterError): AdapterError {
    const seconds = Math.round(this.#timeoutMs / 1000);
    return new AdapterError("missing", `input object ${id} did not arrive within ${seconds} s`, { cause });
  }

  #tooLarge(id: ObjectId, cause: AdapterError): AdapterError {
    return new AdapterError(
      "too-large",
      `input object ${id} is above --max-payload (${this.#maxObjectBytes} bytes): ${cause.message}`,
      { cause },
    );
  }
}
