import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";
import type { Clock } from "../contracts/host.ts";
import type { ObjectsPort } from "../engine/ports.ts";

/** The object storage in this process: a read of what nobody stored waits for it, like the real one. For tests. */
export class MemoryObjects implements ObjectsPort {
  readonly gets: string[] = [];
  readonly #clock: Clock;
  readonly #objects = new Map<string, Uint8Array>();
  readonly #waiting = new Map<string, PromiseWithResolvers<Uint8Array>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(id: string, bytes: Uint8Array): void {
    this.#objects.set(id, bytes);
    this.#waiting.get(id)?.resolve(bytes);
    this.#waiting.delete(id);
  }

  peek(id: string): Uint8Array | undefined {
    return this.#objects.get(id);
  }

  remove(id: string): void {
    this.#objects.delete(id);
  }

  async get(
    id: string,
    options: AbortOptions & { readonly timeoutMs: number; readonly maxBytes: number },
  ): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    this.gets.push(id);
    const bytes = this.#objects.get(id) ?? (await this.#wait(id, options));
    if (bytes.length > options.maxBytes) throw new AdapterError("too-large", `${bytes.length} bytes`);
    return bytes;
  }

  async set(id: string, body: Uint8Array, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.put(id, body);
  }

  async #wait(id: string, options: AbortOptions & { readonly timeoutMs: number }): Promise<Uint8Array> {
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<Uint8Array>();
    this.#waiting.set(id, waiting);
    const over = new AbortController();
    const signal = options.signal === undefined ? over.signal : AbortSignal.any([over.signal, options.signal]);
    try {
      const timeout = this.#clock.sleep(options.timeoutMs, { signal }).then(() => undefined);
      const bytes = await Promise.race([waiting.promise, timeout]);
      if (bytes === undefined) throw new AdapterError("missing", `nobody stored ${id}`);
      return bytes;
    } finally {
      over.abort();
    }
  }
}
