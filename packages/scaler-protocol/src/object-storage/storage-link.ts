import type { StorageResponseHeader } from "../codec/storage-header.ts";
import { isProtocolError, ProtocolError } from "../protocol-error.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import { backoffDelayMs } from "../transport/backoff.ts";
import { sleep } from "../transport/connect-with-retry.ts";
import type { Connection, FrameSink } from "../transport/connection.ts";
import { LinkWatch } from "./link-watch.ts";
import { openStorage } from "./open-storage.ts";
import type { ObjectStorageOptions } from "./storage-options.ts";

/** What a {@link StorageLink} asks of its owner. */
export interface StorageLinkOwner {
  onResponse(header: StorageResponseHeader, body: Uint8Array): void;
  bodySink(header: StorageResponseHeader): FrameSink | undefined;
  /** A connection stands: the owner sends what awaits an answer. */
  onUp(connection: Connection): void;
  /** The connection broke; another is on its way. */
  onDown(): void;
  /** An answer is awaited. */
  waiting(): boolean;
  /** Sends a request that is always answered. */
  probe(connection: Connection): void;
}

const DEFAULT_PROBE_MS = 5_000;
/** A connection that ended younger than this was none: a storage whose every answer breaks it must not be met without a pause. */
const STABLE_MS = 2_000;
/** Waits stop growing here for connections that can be made and end young: other requests travel on them as well. */
const MOST_YOUNG = 2;

/** One connection to an object storage that is replaced, with back-off, whenever it breaks; until `close`. */
export class StorageLink {
  readonly #address: Address;
  readonly #options: ObjectStorageOptions;
  readonly #owner: StorageLinkOwner;
  readonly #maxPayloadBytes: number;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #watch: LinkWatch | undefined;
  #upAt = 0;
  /** Connections in a row that ended young. */
  #young = 0;
  /** Why the link is down, or was last. */
  #lastFailure: ProtocolError | undefined;

  constructor(address: Address, options: ObjectStorageOptions, maxPayloadBytes: number, owner: StorageLinkOwner) {
    this.#address = address;
    this.#options = options;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#owner = owner;
  }

  /** The connection that stands now, if any. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Why nothing may have come: `undefined` while the link is alive. */
  get trouble(): ProtocolError | undefined {
    if (this.#connection !== undefined && this.#watch?.alive !== false) return undefined;
    return this.#lastFailure ?? new ProtocolError("timeout", `${formatAddress(this.#address)}: the storage is silent`);
  }

  /** Makes the first connection. @throws {ProtocolError} as `openStorage` */
  async start(signal: AbortSignal | undefined): Promise<void> {
    this.#adopt(await this.#open(signal));
  }

  async close(): Promise<void> {
    this.#stop.abort(new ProtocolError("closed", "the object storage client was closed"));
    this.#watch?.stop();
    await this.#connection?.close();
  }

  async #open(signal: AbortSignal | undefined): Promise<Connection> {
    const opened: { connection?: Connection } = {};
    opened.connection = await openStorage(
      this.#address,
      this.#options,
      this.#maxPayloadBytes,
      {
        onResponse: (header, body) => this.#owner.onResponse(header, body),
        bodySink: (header) => this.#owner.bodySink(header),
        onClose: (reason) => this.#lost(opened.connection, reason),
      },
      signal,
    );
    return opened.connection;
  }

  #adopt(connection: Connection): void {
    if (this.#stop.signal.aborted) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    this.#upAt = performance.now();
    this.#watch = new LinkWatch(
      connection,
      this.#options.probeMs ?? DEFAULT_PROBE_MS,
      () => this.#owner.waiting(),
      () => this.#owner.probe(connection),
      () => {
        const reason = new ProtocolError("timeout", `${formatAddress(this.#address)}: the storage has fallen silent`);
        // Told first: `destroy` itself reports no reason.
        this.#lost(connection, reason);
        connection.destroy();
      },
    );
    this.#owner.onUp(connection);
  }

  #lost(connection: Connection | undefined, reason: ProtocolError | undefined): void {
    if (connection === undefined || connection !== this.#connection) return;
    this.#connection = undefined;
    this.#watch?.stop();
    this.#watch = undefined;
    if (this.#stop.signal.aborted) return;
    this.#lastFailure = reason ?? new ProtocolError("closed", `${formatAddress(this.#address)}: the connection ended`);
    this.#young = performance.now() - this.#upAt < STABLE_MS ? this.#young + 1 : 0;
    this.#owner.onDown();
    void this.#restore();
  }

  /** Never rejects: an attempt that fails is followed by the next, whatever the failure; callers have their own time limits. */
  async #restore(): Promise<void> {
    for (let attempt = Math.min(MOST_YOUNG, Math.max(0, this.#young - 1)); !this.#stop.signal.aborted; attempt++) {
      const retryInMs = backoffDelayMs(attempt, Math.random(), this.#options.backoff);
      if (this.#lastFailure !== undefined) this.#options.onLink?.({ up: false, reason: this.#lastFailure, retryInMs });
      try {
        await sleep(retryInMs, this.#stop.signal);
        const connection = await this.#open(this.#stop.signal);
        this.#options.onLink?.({ up: true });
        this.#adopt(connection);
        return;
      } catch (reason) {
        if (isProtocolError(reason)) this.#lastFailure = reason;
      }
    }
  }
}
