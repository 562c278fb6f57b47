import {
  isProtocolError,
  type ObjectStorageAddress,
  ObjectStorageClient,
  type TlsOptions,
} from "@scaler-aws-hpc/scaler-protocol";
import { ClientError } from "../client-error.ts";
import type { StoragePort } from "./ports.ts";

/** How a client reaches the object storage. */
export interface StorageLinkOptions {
  readonly identity: string;
  readonly tls: TlsOptions | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The object storage behind a session's port. */
export class StorageLink implements StoragePort {
  readonly #client: ObjectStorageClient;

  private constructor(client: ObjectStorageClient) {
    this.#client = client;
  }

  /** Connects. @throws {ClientError} `unavailable`, `config`. The signal's reason. */
  static async open(address: string, options: StorageLinkOptions): Promise<StorageLink> {
    try {
      const { identity, tls, signal } = options;
      return new StorageLink(
        await ObjectStorageClient.open(address, {
          identity,
          ...(tls === undefined ? {} : { tls }),
          ...(signal === undefined ? {} : { signal }),
        }),
      );
    } catch (reason) {
      if (!isProtocolError(reason)) throw reason;
      const code = reason.code === "address" ? "config" : "unavailable";
      const help = "the scheduler names that address; use objectStorageAddress if it is another one from here";
      throw new ClientError(code, `object storage ${address}: ${reason.message} (${help})`, { cause: reason });
    }
  }

  /** Numbering of the cluster's messages. */
  get magic(): 1 | 2 | undefined {
    return this.#client.magic;
  }

  async set(id: string, bytes: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<void> {
    await this.#client.set(id, bytes, options);
  }

  async get(id: string, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
    return await this.#client.get(id, options);
  }

  async delete(ids: readonly string[]): Promise<number> {
    return await this.#client.delete(ids);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** The address in an echo, as text. Schedulers before 2.2.0 leave the scheme empty, which means tcp. */
export function storageAddress({ scheme, host, port }: ObjectStorageAddress): string {
  return `${scheme === "" ? "tcp" : scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
