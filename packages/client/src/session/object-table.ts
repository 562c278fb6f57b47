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
  /** No owner wants it: it goes with its last holder. */
  unwanted: boolean;
  stored: boolean;
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
  readonly #uploads = new Set<Promise<void>>();

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
    known.unwanted = false;
    this.holdAgain(known);
    return known;
  }

  /** Takes one more hold of an object that is there. */
  holdAgain(object: StoredObject): void {
    const entry = this.#entryOf(object);
    if (entry === undefined) return;
    if (this.#idle.delete(entry.key)) this.#idleBytes -= entry.byteLength;
    entry.holders += 1;
  }

  /** Gives up one hold. */
  release(object: StoredObject): void {
    const entry = this.#entryOf(object);
    if (entry === undefined) return;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    if (entry.unwanted) {
      this.#drop(entry);
      this.#delete([entry]);
      return;
    }
    this.#idle.set(entry.key, entry);
    this.#idleBytes += entry.byteLength;
    for (const oldest of this.#idle.values()) {
      if (this.#idle.size <= this.#limits.objects && this.#idleBytes <= this.#limits.bytes) break;
      this.#drop(oldest);
      if (oldest.stored) this.#doomed.push(oldest.id);
      else void oldest.ready.then(() => this.#deleteStored([oldest.id])).catch(() => undefined);
    }
    if (this.#doomed.length >= DELETE_BATCH) this.sweep();
  }

  /** Deletes from the storage what was dropped. The scheduler forgets it when the client leaves, as it does with results. */
  sweep(): void {
    const ids = this.#doomed;
    this.#doomed = [];
    if (ids.length > 0) this.#deleteStored(ids);
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
    const entries = [...this.#byKey.values()].filter(({ type }) => type === "object");
    for (const entry of entries) this.#drop(entry);
    this.#delete(entries);
  }

  /** Gives up one hold, and has the scheduler delete the object once nobody else holds it, here and in workers' caches. */
  remove(object: StoredObject): void {
    const entry = this.#entryOf(object);
    if (entry === undefined) return;
    entry.unwanted = true;
    this.release(entry);
  }

  /** Resolves once no upload is under way. */
  async uploaded(): Promise<void> {
    await Promise.allSettled(this.#uploads);
  }

  /** Whether the object is still there. */
  has(object: StoredObject): boolean {
    return this.#entryOf(object) !== undefined;
  }

  /** What cannot be deleted now goes when the scheduler hears that the client left. */
  #deleteStored(ids: readonly string[]): void {
    this.#storage.delete(ids).catch(() => undefined);
  }

  #delete(entries: readonly Entry[]): void {
    this.announce();
    const ids = entries.filter(({ stored }) => stored).map(({ id }) => id);
    // An object that comes after its deletion would stay for ever.
    for (const entry of entries) {
      if (!entry.stored) void entry.ready.then(() => this.#delete([entry])).catch(() => undefined);
    }
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
    const { byteLength } = bytes;
    const ready = this.#storage.set(id, bytes).then(
      () => {
        entry.stored = true;
      },
      (reason: unknown) => {
        if (this.#byKey.get(key) === entry) this.#drop(entry); // the next one with these bytes tries again
        throw new ClientError("storage", `${name} (${byteLength} bytes) could not be stored`, { cause: reason });
      },
    );
    this.#uploads.add(ready);
    const over = (): unknown => this.#uploads.delete(ready);
    ready.then(over, over); // a failure is told to whoever awaits it
    const about = { id, key, type, name: Buffer.from(name), byteLength, ready };
    const entry: Entry = { ...about, holders: 1, unwanted: false, stored: false };
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
