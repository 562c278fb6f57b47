import {
  type Connection,
  decodeMessage,
  encodeMessage,
  isProtocolError,
  type Magic,
  type ObjectStorageAddress,
  type SchedulerMessage,
  type TlsOptions,
  type UnknownMessage,
} from "@scaler-aws-hpc/scaler-protocol";
import { ClientError } from "../client-error.ts";
import { within } from "../deadline.ts";
import type { Outside } from "../outside/outside.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { SchedulerPort } from "./ports.ts";

/** How a client reaches its scheduler. */
export interface LinkOptions {
  readonly identity: string;
  readonly tls: TlsOptions | undefined;
  /** For connection and first echo together. */
  readonly connectTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly outside: Pick<Outside, "clock" | "connect">;
}

/** Who hears what comes. */
export interface LinkListener {
  onMessage(message: SchedulerMessage | UnknownMessage): void;
  /** Called once, unless the link was closed by us. */
  onLost(reason: ClientError): void;
}

/** The connection to a scheduler, with its heartbeats. What is lost is not restored: the scheduler does not send again what it sent into the gap. */
export class SchedulerLink implements SchedulerPort {
  /** Numbering of the messages. ZeroMQ does not tell it: what is common to both is spoken until the storage's greeting has told. */
  magic: Magic = 1;
  listener: LinkListener | undefined;
  readonly #address: string;
  readonly #heartbeats: Heartbeats;
  readonly #ended = Promise.withResolvers<never>();
  readonly #echoed = Promise.withResolvers<ObjectStorageAddress>();
  #connection: Connection | undefined;
  #lost: ClientError | undefined;
  #closed = false;

  private constructor(address: string, options: LinkOptions) {
    this.#address = address;
    this.#heartbeats = new Heartbeats({
      intervalMs: options.heartbeatIntervalMs,
      timeoutMs: options.timeoutMs,
      clock: options.outside.clock,
      send: (heartbeat) => this.send(heartbeat),
      onLost: (why) => this.#lose(why),
    });
    this.#ended.promise.catch(() => undefined);
  }

  /** Connects; the scheduler may still be starting. @throws {ClientError} `unavailable`, `config`. The signal's reason. */
  static async open(address: string, options: LinkOptions): Promise<SchedulerLink> {
    const link = new SchedulerLink(address, options);
    try {
      const connection = await options.outside.connect(address, {
        identity: options.identity,
        tls: options.tls,
        signal: options.signal,
        giveUpAfterMs: options.connectTimeoutMs,
        connectTimeoutMs: options.connectTimeoutMs,
        onFrame: (frame) => link.#onFrame(frame),
        onClose: (reason) => link.#lose(reason?.message ?? "the connection was closed", reason),
      });
      link.#connection = connection;
      link.magic = connection.magic ?? 1;
    } catch (reason) {
      if (!isProtocolError(reason)) throw reason;
      const code = reason.code === "address" ? "config" : "unavailable";
      throw new ClientError(code, `scheduler ${address}: ${reason.message}`, { cause: reason });
    }
    link.#heartbeats.start();
    return link;
  }

  /** Why the link is over, if not by us. */
  get lost(): ClientError | undefined {
    return this.#lost;
  }

  /** Whether the numbering is known from the scheduler's own greeting. */
  get tellsMagic(): boolean {
    return this.#connection?.magic !== undefined;
  }

  /** Resolves with the storage's address at the first echo. @throws {ClientError} `disconnected`, `unavailable`. The signal's reason. */
  async echo(options: LinkOptions): Promise<ObjectStorageAddress> {
    const late = (): never => {
      const awaited = `no echo of the first heartbeat within ${options.connectTimeoutMs} ms`;
      throw new ClientError("unavailable", `scheduler ${this.#address}: ${awaited}`);
    };
    return await within(this.orLost(this.#echoed.promise), options.connectTimeoutMs, late, {
      signal: options.signal,
      clock: options.outside.clock,
    });
  }

  /** The promise's value, unless the link is lost first. @throws {ClientError} `disconnected` */
  async orLost<Value>(promise: Promise<Value>): Promise<Value> {
    return await Promise.race([promise, this.#ended.promise]);
  }

  send(message: SchedulerMessage): void {
    if (this.#lost === undefined && !this.#closed) this.#connection?.send(encodeMessage(message, this.magic));
  }

  async drained(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    await this.#connection?.drained();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#heartbeats.stop();
    await this.#connection?.close();
  }

  #onFrame(frame: Uint8Array): void {
    const message = decodeMessage(frame, this.magic);
    if (message.kind === "clientHeartbeatEcho") {
      this.#heartbeats.onEcho();
      this.#echoed.resolve(message.objectStorageAddress);
    }
    this.listener?.onMessage(message);
  }

  #lose(why: string, cause?: unknown): void {
    if (this.#closed || this.#lost !== undefined) return;
    this.#heartbeats.stop();
    const what = `lost the scheduler ${this.#address}: ${why}. What became of open tasks is not known; connect a new client and submit them again`;
    this.#lost = new ClientError("disconnected", what, cause === undefined ? undefined : { cause });
    this.#ended.reject(this.#lost);
    this.#connection?.destroy();
    this.listener?.onLost(this.#lost);
  }
}
