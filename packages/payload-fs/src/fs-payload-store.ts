import { link, lstat, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type AbortOptions,
  AdapterError,
  assertKey,
  assertPrefix,
  type Body,
  OpenCalls,
  type PayloadStore,
  type PayloadStoreTraits,
  type PutOutcome,
  type StoredObject,
  type StoreLocator,
} from "@scaler-aws-hpc/adapter-core";
import { errnoOf, fromFs } from "./fs-failure.ts";
import { withKeyLock } from "./key-lock.ts";
import { folderExists, folderExistsSync, makeFolder, pathOf } from "./object-path.ts";
import { newMark } from "./process-mark.ts";
import { answersAtOnce } from "./prompt-device.ts";
import { readObject, readSmallObject } from "./read-object.ts";
import { openRoot, removeRoot, type StoreRoot, TEMPORARY_FOLDER } from "./store-root.ts";
import { walk } from "./walk.ts";
import { writeBody } from "./write-body.ts";

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const UNLINKS_AT_ONCE = 8;

/** Where and how {@link FsPayloadStore} keeps its objects. */
export interface FsPayloadStoreOptions {
  /** Made if absent (mode 0700), kept afterwards. @default a fresh directory under the system's temporary folder, removed at disposal */
  readonly directory?: string;
  /**
   * Waits at each put until the device has the bytes. Without it a put survives the end of this process, however sudden, but not a crash of
   * the host or a loss of power: then the last seconds of objects may be absent, empty or cut (which their readers detect). @default false
   */
  readonly durable?: boolean;
}

/**
 * Keeps the payload-store contract in a directory: each object is a file, each folder of a key a folder. Objects appear by `rename` or `link`
 * from a file in `~tmp`, so they are there whole or not at all; several processes may share a directory. Compare-and-set is one step among
 * compare-and-sets of a key; a plain put or delete of the same key at the same moment may be overwritten by it.
 */
export class FsPayloadStore implements PayloadStore {
  readonly traits: PayloadStoreTraits = { compress: false, flushMs: 40 };
  readonly locator: StoreLocator;
  readonly #root: StoreRoot;
  readonly #temporary: string;
  readonly #durable: boolean;
  /** Small objects are read without leaving the thread. */
  readonly #prompt: boolean;
  readonly #calls: OpenCalls;

  private constructor(root: StoreRoot, durable: boolean, prompt: boolean) {
    this.#root = root;
    this.#temporary = join(root.path, TEMPORARY_FOLDER);
    this.#durable = durable;
    this.#prompt = prompt;
    this.locator = { kind: "fs", root: root.path };
    this.#calls = new OpenCalls(`the store in ${root.path}`);
  }

  /** Opens a store. @throws {AdapterError} `config` when the directory is not ours alone to write to; `denied`, `unavailable` */
  static async open(options: FsPayloadStoreOptions = {}): Promise<FsPayloadStore> {
    const root = await openRoot(options.directory);
    return new FsPayloadStore(root, options.durable ?? false, await answersAtOnce(root.path));
  }

  async put(
    key: string,
    body: Body,
    options?: AbortOptions & { readonly if?: "absent" | { readonly etag: string } },
  ): Promise<PutOutcome> {
    return await this.#run(`put ${key}`, key, options, async () => {
      const path = pathOf(this.#root.path, key);
      const draft = join(this.#temporary, newMark());
      try {
        const etag = await writeBody(draft, body, this.#durable, options);
        await makeFolder(this.#root.path, dirname(path));
        options?.signal?.throwIfAborted();
        return (await this.#publish(key, draft, path, options)) ? { stored: true, etag } : { stored: false };
      } finally {
        await gone(draft);
      }
    });
  }

  async get(
    key: string,
    options?: AbortOptions & {
      readonly range?: { readonly start: number; readonly end: number };
      readonly maxBytes?: number;
    },
  ): Promise<{ readonly body: Uint8Array; readonly etag: string } | undefined> {
    return await this.#run(`get ${key}`, key, options, async () => {
      const path = pathOf(this.#root.path, key);
      const folder = dirname(path);
      const maxBytes = options?.maxBytes ?? DEFAULT_MAX_BYTES;
      if (!(this.#prompt ? folderExistsSync(folder) : await folderExists(folder))) return undefined;
      const small = this.#prompt ? readSmallObject(path, options?.range, maxBytes) : "large";
      return small === "large" ? await readObject(path, options?.range, maxBytes, options) : small;
    });
  }

  async *list(prefix: string, options?: AbortOptions): AsyncGenerator<StoredObject, void, undefined> {
    this.#calls.assertOpen();
    options?.signal?.throwIfAborted();
    assertPrefix(prefix);
    try {
      for await (const object of walk(this.#root.path, prefix, options)) {
        this.#calls.assertOpen();
        yield object;
      }
    } catch (reason) {
      throw await fromFs(reason, `list ${prefix}`, this.#root.path);
    }
  }

  async delete(keys: readonly string[], options?: AbortOptions): Promise<void> {
    this.#calls.assertOpen();
    options?.signal?.throwIfAborted();
    for (const key of keys) assertKey(key);
    await this.#run("delete", undefined, options, async () => {
      const folders = new Map<string, Promise<boolean>>();
      for (let at = 0; at < keys.length; at += UNLINKS_AT_ONCE) {
        options?.signal?.throwIfAborted();
        const some = keys.slice(at, at + UNLINKS_AT_ONCE).map((key) => pathOf(this.#root.path, key));
        await Promise.all(
          some.map(async (path) => {
            const folder = dirname(path);
            const exists = folders.get(folder) ?? folderExists(folder);
            folders.set(folder, exists);
            if (await exists) await gone(path);
          }),
        );
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls.close(async () => {
      if (this.#root.temporary) await removeRoot(this.#root.path);
    });
  }

  async #publish(
    key: string,
    draft: string,
    path: string,
    options?: AbortOptions & { readonly if?: "absent" | { readonly etag: string } },
  ): Promise<boolean> {
    const condition = options?.if;
    if (condition === undefined) {
      await rename(draft, path);
      return true;
    }
    if (condition === "absent") return await linkedIfAbsent(draft, path);
    const replace = async (): Promise<boolean> => {
      const current = await readObject(path, { start: 0, end: 0 }, 0, options);
      if (current?.etag !== condition.etag) return false;
      await rename(draft, path);
      return true;
    };
    return await withKeyLock(this.#temporary, key, replace, options);
  }

  async #run<T>(
    doing: string,
    key: string | undefined,
    options: AbortOptions | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    return await this.#calls.run(async () => {
      options?.signal?.throwIfAborted();
      if (key !== undefined) assertKey(key);
      try {
        return await work();
      } catch (reason) {
        throw await fromFs(reason, doing, this.#root.path);
      }
    });
  }
}

async function linkedIfAbsent(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (reason) {
    if (errnoOf(reason) !== "EEXIST") throw reason;
  }
  if ((await lstat(path).catch(() => undefined))?.isDirectory()) {
    throw new AdapterError("rejected", `${path} is a folder of other keys`);
  }
  return false;
}

async function gone(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (reason) {
    const errno = errnoOf(reason);
    if (errno === "ENOENT" || errno === "ENOTDIR") return;
    // Linux says EISDIR for a folder, others EPERM: a folder is no object, so there is nothing to delete.
    if ((errno === "EISDIR" || errno === "EPERM") && (await lstat(path)).isDirectory()) return;
    throw reason;
  }
}
