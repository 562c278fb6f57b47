import { type AbortOptions, AdapterError, isAdapterError, type ObjectsPort } from "@scaler-aws-hpc/adapter-core";
import { isProtocolError, ObjectStorageClient, type StorageLinkState } from "@scaler-aws-hpc/scaler-protocol";
import type { ClusterOptions } from "./cluster-options.ts";
import type { StorageSite } from "./storage-site.ts";
import { toAdapterError } from "./to-adapter-error.ts";

/** Connections by what travels on them: no small result waits behind a big one, nor behind an argument. */
type Lane = "inputs" | "results" | "bulk";

const BULK_BYTES = 256 * 1024;
/** What breaks again so soon is in the same trouble. */
const SAME_OUTAGE_MS = 2_000;
const ADDRESS_MS = 15_000;
const SET_MS = 30_000;
/** Slowest speed at which a big object may travel before its connection is taken for dead, in bytes a millisecond (1 MB/s). */
const SLOWEST = 1_000;

/** The cluster's object storage, connected when it is first needed. */
export class ClusterObjects implements ObjectsPort, AsyncDisposable {
  readonly #options: ClusterOptions;
  readonly #site: StorageSite;
  readonly #clients = new Map<Lane, Promise<ObjectStorageClient>>();
  readonly #down = new Set<Lane>();
  /** When a lane was last up again. */
  #backAt = Number.NEGATIVE_INFINITY;
  /** The log says that the storage cannot be reached. */
  #told = false;

  constructor(site: StorageSite, options: ClusterOptions) {
    this.#site = site;
    this.#options = options;
    site.onMove(() => void this.#closeAll());
  }

  async get(
    id: string,
    options: AbortOptions & { readonly timeoutMs: number; readonly maxBytes: number },
  ): Promise<Uint8Array> {
    const { signal, timeoutMs, maxBytes } = options;
    try {
      const client = await this.#client("inputs", options);
      return await client.get(id, { timeoutMs, maxBytes, signal });
    } catch (reason) {
      // The storage holds back its answer for an object that nobody has stored; a storage that is not there is `unreachable`.
      if (isProtocolError(reason) && reason.code === "timeout") {
        throw new AdapterError("missing", reason.message, { cause: reason });
      }
      throw this.#translate(reason, signal);
    }
  }

  async set(id: string, body: Uint8Array, options?: AbortOptions): Promise<void> {
    const signal = options?.signal;
    try {
      const client = await this.#client(body.length > BULK_BYTES ? "bulk" : "results", options);
      await client.set(id, body, { timeoutMs: SET_MS + body.length / SLOWEST, signal });
    } catch (reason) {
      throw this.#translate(reason, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeAll();
  }

  #translate(reason: unknown, signal: AbortSignal | undefined): unknown {
    if (isAdapterError(reason)) return reason;
    return toAdapterError(reason, "the object storage", signal);
  }

  async #client(lane: Lane, options?: AbortOptions): Promise<ObjectStorageClient> {
    const known = this.#clients.get(lane);
    if (known !== undefined) return await known;
    const address = await this.#site.address(ADDRESS_MS, options);
    const started = this.#clients.get(lane) ?? this.#open(lane, address);
    this.#clients.set(lane, started);
    try {
      return await started;
    } catch (reason) {
      // The next call tries again.
      if (this.#clients.get(lane) === started) this.#clients.delete(lane);
      throw reason;
    }
  }

  async #open(lane: Lane, address: Awaited<ReturnType<StorageSite["address"]>>): Promise<ObjectStorageClient> {
    const { tls, attemptTimeoutMs, maxObjectBytes } = this.#options;
    return await ObjectStorageClient.open(address, {
      identity: `manager|${process.pid}|${lane}`,
      tls,
      connectTimeoutMs: attemptTimeoutMs,
      ...(maxObjectBytes === undefined ? {} : { limits: { maxObjectBytes } }),
      onLink: (state) => this.#note(lane, state),
    });
  }

  /** One line for an outage, and one for its end, however often a storage that can be reached breaks off again. */
  #note(lane: Lane, state: StorageLinkState): void {
    const { log } = this.#options;
    if (state.up) {
      this.#down.delete(lane);
      this.#backAt = performance.now();
      if (!this.#told || this.#down.size > 0) return;
      this.#told = false;
      log.info("the object storage can be reached again");
      return;
    }
    this.#down.add(lane);
    const soon = performance.now() - this.#backAt < SAME_OUTAGE_MS;
    const text = "the object storage cannot be reached; trying again";
    log[this.#told || soon ? "debug" : "warn"](text, { reason: state.reason.message });
    this.#told ||= !soon;
  }

  async #closeAll(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    this.#down.clear();
    this.#told = false;
    await Promise.allSettled(clients.map(async (client) => (await client)[Symbol.asyncDispose]()));
  }
}
