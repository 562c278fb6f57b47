import { hash } from "node:crypto";
import { ClientError } from "../client-error.ts";
import { type ClientClock, systemClock } from "../outside/clock.ts";
import type { ClientIdentity } from "./identity.ts";
import type { SchedulerPort, StoragePort } from "./ports.ts";

/** Ids in one message to the scheduler. */
const MAX_ANNOUNCED = 512;
/** Objects deleted with one call. */
const DELETE_BATCH = 64;

/** An object of this client in the storage. */
export interface StoredObject {
  readonly id: string;
  readonly byteLength: number;
  /** Settles once the object is stored, or cannot be. */
  readonly ready: Promise<void>;
}

interface Entry extends StoredObject {
  readonly key: string;
  readonly name: Uint8Array;
  readonly type: "object" | "serializer";
  holders: number;
}

/** What unused objects may take before the oldest go. */
export interface IdleLimits {
  readonly objects: number;
  readonly bytes: number;
}

/**
 * The objects of a client: each is announced to the scheduler before it is used, equal ones are uploaded once, and those that no open task
 * needs any more go when they are too many. Kept ones (a serializer, functions, values put) stay until the client leaves.
 */
export class ObjectTable {
  uploadedObjects = 0;
  uploadedBytes = 0;
  readonly #identity: ClientIdentity;
  readonly #scheduler: SchedulerPort;
  readonly #storage: StoragePort;
  readonly #limits: IdleLimits;
  readonly #clock: ClientClock;
  readonly #byKey = new Map<string, Entry>();
  /** Without holders, the longest unused first. */
  readonly #idle = new Map<string, Entry>();
  #idleBytes = 0;
  #unannounced: Entry[] = [];
  #doomed: string[] = [];

  constructor(
    identity: ClientIdentity,
    scheduler: SchedulerPort,
    storage: StoragePort,
    limits: IdleLimits,
    clock = systemClock,
  ) {
    this.#identity = identity;
    this.#scheduler = scheduler;
    this.#storage = storage;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Stores the serializer, which has an id of its own. */
  addSerializer(bytes: Uint8Array): StoredObject {
    return this.#add(this.#identity.serializerId, "serializer", "serializer", "serializer", bytes);
  }

  /** Stores bytes, or finds them stored. The caller holds the object until it calls {@link release}. */
  hold(bytes: Uint8Array, name: string): StoredObject {
    const key = hash("sha256", bytes, "base64");
    const known = this.#byKey.get(key);
    if (known === undefined) return this.#add(this.#identity.newObjectId(), key, "object", name, bytes);
    if (this.#idle.delete(key)) this.#idleBytes -= known.byteLength;
    known.holders += 1;
    return known;
  }

  /** Gives up one hold. */
  release(object: StoredObject): void {
    const entry = this.#entryOf(object);
    if (entry === undefined) return;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    this.#idle.set(entry.key, entry);
    this.#idleBytes += entry.byteLength;
    for (const oldest of this.#idle.values()) {
      if (this.#idle.size <= this.#limits.objects && this.#idleBytes <= this.#limits.bytes) break;
      this.#drop(oldest);
      this.#doomed.push(oldest.id);
    }
    if (this.#doomed.length >= DELETE_BATCH) this.sweep();
  }

  /** Deletes from the storage what was dropped. The scheduler forgets it when the client leaves, as it does with results. */
  sweep(): void {
    const ids = this.#doomed;
    this.#doomed = [];
    // What cannot be deleted now goes when the scheduler hears that the client left.
    if (ids.length > 0) this.#storage.delete(ids).catch(() => undefined);
  }

  /** Tells the scheduler of new objects: to be called before a message that names them. */
  announce(): void {
    const entries = this.#unannounced;
    this.#unannounced = [];
    for (let at = 0; at < entries.length; at += MAX_ANNOUNCED) {
      const some = entries.slice(at, at + MAX_ANNOUNCED);
      this.#scheduler.send({
        kind: "objectInstruction",
        instructionType: "create",
        objectUser: this.#identity.hex,
        objectIds: some.map(({ id }) => id),
        objectTypes: some.map(({ type }) => type),
        objectNames: some.map(({ name }) => name),
        objectSizes: some.map(({ byteLength }) => byteLength),
      });
    }
  }

  /** Has the scheduler delete everything but the serializer, here and in workers' caches. Objects held are gone too. */
  clear(): void {
    this.announce();
    const ids = [...this.#byKey.values()].filter(({ type }) => type === "object").map(({ id }) => id);
    for (const entry of [...this.#byKey.values()]) {
      if (entry.type === "object") this.#drop(entry);
    }
    this.#delete(ids);
  }

  /** Has the scheduler delete one object, here and in workers' caches. */
  remove(object: StoredObject): void {
    const entry = this.#entryOf(object);
    if (entry === undefined) return;
    this.announce();
    this.#drop(entry);
    this.#delete([entry.id]);
  }

  /** Whether the object is still there. */
  has(object: StoredObject): boolean {
    return this.#entryOf(object) !== undefined;
  }

  #delete(ids: readonly string[]): void {
    for (let at = 0; at < ids.length; at += MAX_ANNOUNCED) {
      this.#scheduler.send({
        kind: "objectInstruction",
        instructionType: "delete",
        objectUser: this.#identity.hex,
        objectIds: ids.slice(at, at + MAX_ANNOUNCED),
        objectTypes: [],
        objectNames: [],
      });
    }
  }

  #add(id: string, key: string, type: Entry["type"], name: string, bytes: Uint8Array): Entry {
    const ready = this.#storage.set(id, bytes).catch((reason: unknown) => {
      const entry = this.#byKey.get(key);
      if (entry?.id === id) this.#drop(entry); // the next one with these bytes tries again
      throw new ClientError("storage", `${name} (${bytes.byteLength} bytes) could not be stored`, { cause: reason });
    });
    ready.catch(() => undefined); // told to whoever awaits it
    const entry: Entry = { id, key, type, name: Buffer.from(name), byteLength: bytes.byteLength, ready, holders: 1 };
    this.#byKey.set(key, entry);
    // One message for all of a turn. Objects that the scheduler does not know would outlive a client that dies.
    if (this.#unannounced.push(entry) === 1) this.#clock.soon(() => this.announce());
    this.uploadedObjects += 1;
    this.uploadedBytes += bytes.byteLength;
    return entry;
  }

  #drop(entry: Entry): void {
    this.#byKey.delete(entry.key);
    if (this.#idle.delete(entry.key)) this.#idleBytes -= entry.byteLength;
  }

  #entryOf(object: StoredObject): Entry | undefined {
    const entry = object as Entry;
    return this.#byKey.get(entry.key) === entry ? entry : undefined;
  }
}
