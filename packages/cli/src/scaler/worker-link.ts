import type { AbortOptions, LinkHandlers, SchedulerLink, WorkerMessage } from "@scaler-aws-hpc/adapter-core";
import {
  type Connection,
  connect,
  decodeMessage,
  encodeMessage,
  type Magic,
  type ProtocolError,
} from "@scaler-aws-hpc/scaler-protocol";
import type { ClusterOptions } from "./cluster-options.ts";
import type { StorageSite } from "./storage-site.ts";
import { isHostile, toAdapterError } from "./to-adapter-error.ts";
import { workerFrames } from "./worker-frames.ts";
import { workerNews } from "./worker-news.ts";

/** How long the scheduler gets to confirm that a worker leaves, where it confirms at all. */
const FAREWELL_MS = 1_000;

/** One connection under one worker id. */
export class WorkerLink implements SchedulerLink {
  readonly #worker: string;
  readonly #site: StorageSite;
  readonly #handlers: LinkHandlers;
  readonly #goodbye = Promise.withResolvers<void>();
  #connection: Connection | undefined;
  /** Nobody listens any more. */
  #quiet = false;

  private constructor(worker: string, site: StorageSite, handlers: LinkHandlers) {
    this.#worker = worker;
    this.#site = site;
    this.#handlers = handlers;
  }

  /** @throws {AdapterError} as `SchedulerPort.open` */
  static async open(
    worker: string,
    site: StorageSite,
    handlers: LinkHandlers,
    options: ClusterOptions & AbortOptions,
  ): Promise<WorkerLink> {
    const address = options.workerSchedulerAddress ?? options.schedulerAddress;
    const link = new WorkerLink(worker, site, handlers);
    try {
      link.#connection = await connect(address, {
        identity: worker,
        onFrame: (frame) => link.#hear(frame),
        onClose: (reason) => link.#over(reason),
        tls: options.tls,
        connectTimeoutMs: options.attemptTimeoutMs,
        signal: options.signal,
      });
    } catch (reason) {
      throw toAdapterError(reason, `the scheduler at ${address}`, options.signal);
    }
    return link;
  }

  get scheduler(): string | undefined {
    return this.#connection?.remoteIdentity || undefined;
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }

  send(message: WorkerMessage): void {
    // Everything that a worker says but its farewell has the same number in both numberings.
    for (const frame of workerFrames(message, this.#magic ?? 1)) this.#connection?.send(frame);
  }

  async drained(options?: AbortOptions): Promise<void> {
    await this.#connection?.drained({ signal: options?.signal });
  }

  async leave(options?: AbortOptions): Promise<void> {
    const connection = this.#connection;
    const magic = this.#magic;
    if (connection === undefined) return;
    if (magic === 2) connection.send(encodeMessage({ kind: "workerDisconnectNotification" }, 2));
    if (magic === 1) {
      const worker = Buffer.from(this.#worker, "utf8").toString("hex");
      connection.send(encodeMessage({ kind: "disconnectRequest", worker }, 1));
      await this.#farewell(options?.signal);
    }
    this.#quiet = true;
    await connection.close();
  }

  close(): void {
    this.#quiet = true;
    this.#goodbye.resolve();
    this.#connection?.destroy();
  }

  get #magic(): Magic | undefined {
    return this.#connection?.magic ?? this.#site.magic;
  }

  async #farewell(signal: AbortSignal | undefined): Promise<void> {
    const timer = setTimeout(this.#goodbye.resolve, FAREWELL_MS);
    const onAbort = (): void => this.#goodbye.resolve();
    signal?.addEventListener("abort", onAbort, { once: true });
    await this.#goodbye.promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }

  #hear(frame: Uint8Array): void {
    const magic = this.#magic;
    const message = decodeMessage(frame, magic ?? 1);
    if (this.#quiet) return;
    switch (message.kind) {
      case "workerHeartbeatEcho":
        this.#site.learn(message.objectStorageAddress);
        if (magic === undefined) void this.#site.askMagic();
        this.#handlers.message({ type: "echo" });
        break;
      case "disconnectResponse":
        this.#goodbye.resolve();
        break;
      case "clientDisconnect":
        // Until the numbering is known this number may mean something else.
        if (magic !== undefined && message.disconnectType === "shutdown") this.#handlers.message({ type: "shutdown" });
        else this.#handlers.message({ type: "unknown", what: `clientDisconnect ${message.disconnectType}` });
        break;
      default:
        this.#handlers.message(workerNews(message));
    }
  }

  #over(reason: ProtocolError | undefined): void {
    this.#goodbye.resolve();
    if (this.#quiet) return;
    this.#quiet = true;
    this.#handlers.down(reason?.message ?? "the connection was closed", isHostile(reason));
  }
}
