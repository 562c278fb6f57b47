import { randomUUID } from "node:crypto";
import { type AbortOptions, AdapterError, type Log } from "@scaler-aws-hpc/adapter-core";
import {
  type Address,
  connect,
  formatAddress,
  type Magic,
  type ObjectStorageAddress,
  parseAddress,
  type TlsOptions,
} from "@scaler-aws-hpc/scaler-protocol";

/** Where the cluster's object storage is: told by the user, or learnt from the scheduler's echoes. */
export class StorageSite {
  readonly #fixed: boolean;
  readonly #tls: TlsOptions | undefined;
  readonly #log: Log;
  #known = Promise.withResolvers<Address>();
  #address: Address | undefined;
  #magic: Magic | undefined;
  #asking = false;
  readonly #listeners: (() => void)[] = [];

  constructor(options: {
    readonly address: string | undefined;
    readonly tls: TlsOptions | undefined;
    readonly log: Log;
  }) {
    this.#tls = options.tls;
    this.#log = options.log;
    this.#fixed = options.address !== undefined;
    if (options.address !== undefined) this.#set(parseAddress(options.address));
  }

  /** Called when the storage turns out to be elsewhere than before. */
  onMove(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Numbering that the storage greets with: the scheduler's too, where that one's own greeting does not tell (ZeroMQ). */
  get magic(): Magic | undefined {
    return this.#magic;
  }

  /** The scheduler says where it is. Schedulers before 2.2.0 name no scheme. */
  learn({ host, port, scheme }: ObjectStorageAddress): void {
    if (this.#fixed) return;
    const known = this.#address;
    if (known?.host === host && known.port === port && known.scheme === (scheme || "tcp")) return;
    try {
      const moved = known !== undefined;
      this.#set(parseAddress(`${scheme || "tcp"}://${host.includes(":") ? `[${host}]` : host}:${port}`));
      if (moved) for (const listener of this.#listeners) listener();
    } catch (reason) {
      this.#log.warn("the scheduler names an object storage that cannot be reached; see --object-storage-address", {
        reason: String(reason),
      });
    }
  }

  /** @throws {AdapterError} `unavailable` when the scheduler did not say in time */
  async address(timeoutMs: number, options?: AbortOptions): Promise<Address> {
    if (this.#address !== undefined) return this.#address;
    const over = new AbortController();
    const timer = setTimeout(() => {
      over.abort(new AdapterError("unavailable", "the scheduler has not said where its object storage is"));
    }, timeoutMs);
    const signal = options?.signal === undefined ? over.signal : AbortSignal.any([over.signal, options.signal]);
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([this.#known.promise, promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Asks the storage for its numbering, once it is known where it is. For schedulers on ZeroMQ. */
  async askMagic(): Promise<void> {
    if (this.#asking || this.#magic !== undefined || this.#address === undefined) return;
    this.#asking = true;
    try {
      const connection = await connect(this.#address, {
        identity: `probe|${randomUUID()}`,
        onFrame: () => {},
        onClose: () => {},
        tls: this.#tls,
      });
      this.#magic = connection.magic;
      connection.destroy();
    } catch (reason) {
      this.#log.debug("the object storage did not tell its version", { reason: String(reason) });
    } finally {
      this.#asking = false;
    }
  }

  #set(address: Address): void {
    if (this.#address !== undefined) this.#known = Promise.withResolvers();
    this.#address = address;
    this.#known.resolve(address);
    this.#log.debug("the object storage is known", { address: formatAddress(address) });
  }
}
