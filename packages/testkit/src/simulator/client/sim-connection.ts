import {
  type Connection,
  type ConnectionHandlers,
  decodeMessage,
  encodeMessage,
  isProtocolError,
  type Magic,
  ProtocolError,
  type SchedulerMessage,
} from "@scaler-aws-hpc/scaler-protocol";
import type { ClientWorld } from "./client-world.ts";
import type { ProgramClock } from "./program-clock.ts";

/** What the scheduler's end of a connection does with what comes. */
export interface Peer {
  /** Called when the client sends it, before it travels. */
  onSent(message: SchedulerMessage): void;
  onArrived(message: SchedulerMessage): void;
  /** The client's end is over, whoever ended it. */
  onOver(lost: boolean): void;
  /** The client begins to close it. */
  onClosing(): void;
  /** The client destroys a connection that stands. */
  onDestroyed(): void;
}

/** A connection in memory: frames in order in both directions, until it ends or becomes a black hole. */
export class SimConnection implements Connection {
  readonly transport = "ymq";
  readonly remoteIdentity = "S";
  readonly bytesReceived = 0;
  readonly bufferedBytes = 0;
  readonly magic: Magic | undefined;
  peer: Peer | undefined;
  over = false;
  /** Nothing arrives any more, in either direction. */
  mute = false;
  readonly #world: ClientWorld;
  readonly #clock: ProgramClock;
  readonly #handlers: ConnectionHandlers;
  readonly #spoken: Magic;
  readonly #draining = new Set<(reason?: ProtocolError) => void>();
  #closing: Promise<void> | undefined;
  #arrivesAt = 0;
  #comesAt = 0;

  constructor(world: ClientWorld, clock: ProgramClock, handlers: ConnectionHandlers) {
    const { magic, tellsMagic } = world.scenario;
    this.#world = world;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#spoken = magic;
    this.magic = tellsMagic ? magic : undefined;
  }

  send(frame: Uint8Array): boolean {
    if (this.over || this.#closing !== undefined) return false;
    // Until the numbering is known only the heartbeat is spoken, which is the same in both but for a field.
    const message = decodeMessage(Uint8Array.from(frame), this.#spoken);
    if (message.kind === "unknown") throw new Error("the client sent what the scheduler does not know");
    this.peer?.onSent(message);
    const { kernel } = this.#world;
    this.#arrivesAt = Math.max(this.#arrivesAt, kernel.now + this.#world.latency());
    kernel.at(this.#arrivesAt, () => {
      if (!this.mute && (!this.over || this.#closing !== undefined)) this.peer?.onArrived(message);
    });
    return true;
  }

  /** The client ends it, or it has ended. */
  get ending(): boolean {
    return this.over || this.#closing !== undefined;
  }

  /** From the scheduler. */
  deliver(message: SchedulerMessage | Uint8Array, heard: () => void = () => undefined): void {
    const frame = message instanceof Uint8Array ? message : encodeMessage(message, this.#spoken);
    const { kernel } = this.#world;
    this.#comesAt = Math.max(this.#comesAt, kernel.now + this.#world.latency());
    this.#clock.run(this.#comesAt - kernel.now, () => {
      if (this.over || this.mute || this.#closing !== undefined) return;
      heard();
      try {
        this.#handlers.onFrame(frame);
      } catch (reason) {
        const known = isProtocolError(reason);
        if (!known) this.#world.kernel.fail("throws", `a frame could not be handled: ${(reason as Error).stack}`);
        this.#end(known ? reason : new ProtocolError("malformed", "a frame", { cause: reason }));
      }
    });
  }

  /** The network or the scheduler ends it. */
  sever(why: string): void {
    this.#clock.run(0, () => this.#end(new ProtocolError("closed", why)));
  }

  drained(): Promise<void> {
    if (this.over) return Promise.reject(new ProtocolError("closed", "the connection is over"));
    if (!this.#world.kernel.random.chance(0.1)) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (reason?: ProtocolError): void => (reason === undefined ? resolve() : reject(reason));
    this.#draining.add(settle);
    this.#clock.run(this.#world.kernel.random.spread(1, 500), () => {
      if (this.#draining.delete(settle)) settle();
    });
    return promise;
  }

  close(): Promise<void> {
    if (!this.over && this.#closing === undefined) this.peer?.onClosing();
    this.#closing ??= new Promise((resolve) => {
      if (this.over) return resolve();
      this.#clock.run(this.mute ? 2_000 : this.#world.latency(), () => {
        this.#end(undefined);
        resolve();
      });
    });
    return this.#closing;
  }

  destroy(): void {
    if (!this.over && this.#closing === undefined) this.peer?.onDestroyed();
    this.#end(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  sendStream(): Promise<void> {
    throw new Error("clients send no streams to a scheduler");
  }

  pause(): void {}

  resume(): void {}

  #end(reason: ProtocolError | undefined): void {
    if (this.over) return;
    this.over = true;
    const closed = new ProtocolError("closed", "the connection is over");
    for (const settle of this.#draining) settle(closed);
    this.#draining.clear();
    const told = this.#closing === undefined ? reason : undefined;
    this.peer?.onOver(told !== undefined);
    this.#handlers.onClose(told);
  }
}
