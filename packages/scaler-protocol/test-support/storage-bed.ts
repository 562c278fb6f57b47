import { ObjectStorageClient } from "../src/object-storage/object-storage-client.ts";
import type { ObjectStorageOptions } from "../src/object-storage/storage-options.ts";
import { type FakeStorage, type SeenRequest, startStorage } from "./fake-storage.ts";

/** Opens clients on storages that a script answers for, and closes all of them at the end of a test. */
export class StorageBed implements AsyncDisposable {
  readonly #opened: AsyncDisposable[] = [];

  /** A storage of its own, and a client that is connected to it and soon tries again. */
  async open(
    script?: (request: SeenRequest) => boolean,
    options: Partial<ObjectStorageOptions> = {},
  ): Promise<{ storage: FakeStorage; client: ObjectStorageClient }> {
    const storage = this.add(await startStorage(script));
    const backoff = { baseMs: 10, maxMs: 50 };
    const address = `tcp://127.0.0.1:${storage.port}`;
    const client = this.add(await ObjectStorageClient.open(address, { identity: "me", backoff, ...options }));
    return { storage, client };
  }

  /** Something else to close at the end, the last one first. */
  add<T extends AsyncDisposable>(thing: T): T {
    this.#opened.push(thing);
    return thing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
  }
}
