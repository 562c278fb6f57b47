import { createHash } from "node:crypto";
import type { AbortOptions } from "../../contracts/abort-options.ts";
import type { JobName } from "../../contracts/backend.ts";
import type { PayloadStore } from "../../contracts/payload-store.ts";
import { compress } from "../../formats/gzip.ts";
import { objectKey } from "../../formats/keys.ts";
import type { SectionObject } from "../../formats/section.ts";
import type { ObjectId } from "../core/ids.ts";
import { bodyOf } from "./body.ts";
import type { ShellHost } from "./host.ts";
import type { Sweeper } from "./sweeper.ts";

const CHUNK_BYTES = 1 << 20;
/** A job that needs the same big argument often follows at once: an unused object stays this long. */
const LINGER_MS = 30_000;

interface Shared {
  readonly id: ObjectId;
  readonly stored: Promise<Extract<SectionObject, { key: string }>>;
  readonly jobs: Set<JobName>;
  idleSince: number | undefined;
}

/** Options of {@link SharedObjects}. */
export interface SharedObjectsOptions {
  readonly store: PayloadStore;
  readonly sweeper: Sweeper;
  readonly managerId: string;
}

/** Big objects under keys of their own: stored once per manager however many jobs need them, deleted a while after the last. */
export class SharedObjects {
  readonly #host: ShellHost;
  readonly #options: SharedObjectsOptions;
  readonly #byId = new Map<ObjectId, Shared>();
  readonly #byJob = new Map<JobName, Set<Shared>>();
  /** How many entries share a key: two ids may hold equal bytes. */
  readonly #keys = new Map<string, number>();
  readonly #putting = new Set<string>();
  /** Keys of objects that an earlier process stored. */
  readonly #adopted = new Map<ObjectId, string>();
  #sweeping = false;

  constructor(host: ShellHost, options: SharedObjectsOptions) {
    this.#host = host;
    this.#options = options;
  }

  /**
   * Stores an object unless it is stored, and holds it for a job until {@link release}.
   * @throws {AdapterError} as `PayloadStore.put`
   */
  async hold(job: JobName, id: ObjectId, bytes: Uint8Array, options?: AbortOptions): Promise<SectionObject> {
    let shared = this.#byId.get(id);
    if (shared === undefined) {
      shared = { id, stored: this.#put(id, bytes, options), jobs: new Set(), idleSince: undefined };
      this.#byId.set(id, shared);
      const fresh = shared;
      shared.stored.catch(() => {
        if (this.#byId.get(id) === fresh) this.#byId.delete(id);
      });
    }
    this.#bind(job, shared);
    return await shared.stored;
  }

  /** Holds an object that an earlier process stored, for a job that was taken over. */
  adopt(job: JobName, object: Extract<SectionObject, { key: string }>): void {
    // The same object may have been stored twice, compressed and not: then the second is found by its key.
    const name = (this.#adopted.get(object.id) ?? object.key) === object.key ? object.id : object.key;
    this.#adopted.set(name, object.key);
    let shared = this.#byId.get(name);
    if (shared === undefined) {
      shared = { id: name, stored: Promise.resolve(object), jobs: new Set(), idleSince: undefined };
      this.#byId.set(name, shared);
      this.#keys.set(object.key, (this.#keys.get(object.key) ?? 0) + 1);
    }
    this.#bind(job, shared);
  }

  #bind(job: JobName, shared: Shared): void {
    shared.jobs.add(job);
    shared.idleSince = undefined;
    const held = this.#byJob.get(job) ?? new Set();
    this.#byJob.set(job, held.add(shared));
  }

  /** Whether a key is held, or about to be. */
  holds(key: string): boolean {
    return this.#keys.has(key) || this.#putting.has(key);
  }

  /** Keys of all objects that are stored. */
  keys(): string[] {
    return [...this.#keys.keys()];
  }

  /** A job is over. */
  release(job: JobName): void {
    const held = this.#byJob.get(job);
    if (held === undefined) return;
    this.#byJob.delete(job);
    for (const shared of held) {
      shared.jobs.delete(job);
      if (shared.jobs.size === 0) shared.idleSince = this.#host.clock.now();
    }
    if (!this.#sweeping) void this.#sweep();
  }

  async #put(
    id: ObjectId,
    bytes: Uint8Array,
    options?: AbortOptions,
  ): Promise<Extract<SectionObject, { key: string }>> {
    const { store, sweeper, managerId } = this.#options;
    const packed = store.traits.compress ? await compress(bytes, options) : { bytes, gzip: false };
    const sha256 = await digest(packed.bytes);
    const key = objectKey(managerId, sha256);
    this.#putting.add(key);
    try {
      await sweeper.settled(key);
      // Counted only from here on, so that a failed put leaves nothing behind. Equal bytes under one key: what is there is right.
      await store.put(key, bodyOf(store.traits, [packed.bytes], sha256), { ...options, if: "absent" });
    } finally {
      this.#putting.delete(key);
    }
    this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1);
    return { id, raw: bytes.length, gzip: packed.gzip, key, sha256, stored: packed.bytes.length };
  }

  async #sweep(): Promise<void> {
    this.#sweeping = true;
    try {
      while (this.#byId.size > 0) {
        await this.#host.clock.sleep(LINGER_MS / 2, { signal: this.#host.signal });
        const before = this.#host.clock.now() - LINGER_MS;
        let idle = 0;
        for (const shared of this.#byId.values()) {
          if (shared.idleSince === undefined) continue;
          if (shared.idleSince > before) idle += 1;
          else await this.#drop(shared);
        }
        if (idle === 0) break;
      }
    } catch {
      // The engine ends: what is stored is left to the store's own sweep.
    } finally {
      this.#sweeping = false;
    }
  }

  async #drop(shared: Shared): Promise<void> {
    this.#byId.delete(shared.id);
    this.#adopted.delete(shared.id);
    const { key } = await shared.stored;
    const users = (this.#keys.get(key) ?? 1) - 1;
    if (users > 0) {
      this.#keys.set(key, users);
    } else {
      this.#keys.delete(key);
      this.#options.sweeper.delete([key]);
    }
  }
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    // Another turn of the loop after each MiB: heartbeats pass in between.
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    hash.update(bytes.subarray(at, at + CHUNK_BYTES));
  }
  return hash.digest("hex");
}
