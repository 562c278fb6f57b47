import type { Socket } from "node:net";
import { encodeMessage, type Magic, type SchedulerMessage } from "@scaler-aws-hpc/scaler-protocol";

/** One frame as it goes over the wire: a length of 8 bytes, little-endian, then the body. */
export function framed(body: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeBigUInt64LE(BigInt(body.length));
  return Buffer.concat([header, body]);
}

/** What a server says first: the magic, then its name as a frame. */
export function greeting(magic: number, identity: string): Buffer {
  return Buffer.concat([Buffer.from([0x59, 0x4d, 0x51, magic]), framed(Buffer.from(identity))]);
}

/** One connection to the scripted scheduler, as the scheduler holds it. */
export class WirePeer {
  /** Counts the scheduler's connections, from 1. */
  readonly number: number;
  readonly magic: Magic;
  /** What the other side calls itself; empty before it said so. */
  identity = "";
  readonly #socket: Socket;
  readonly #onSent: (message: SchedulerMessage) => void;

  constructor(number: number, magic: Magic, socket: Socket, onSent: (message: SchedulerMessage) => void) {
    this.number = number;
    this.magic = magic;
    this.#socket = socket;
    this.#onSent = onSent;
  }

  get open(): boolean {
    return !this.#socket.destroyed && !this.#socket.writableEnded;
  }

  /** Whether this is a worker's connection; a manager's own is the other kind. */
  get isWorker(): boolean {
    return this.identity.startsWith("Worker|");
  }

  send(...messages: readonly SchedulerMessage[]): void {
    const frames = messages.map((message) => {
      this.#onSent(message);
      return framed(encodeMessage(message, this.magic));
    });
    this.sendBytes(Buffer.concat(frames));
  }

  /** Sends bytes as they are, with no length before them and no word in the journal. */
  sendBytes(bytes: Uint8Array): void {
    if (this.open) this.#socket.write(bytes);
  }

  /** Ends the connection in order. */
  fin(): void {
    this.#socket.end();
  }

  /** Ends the connection as a dead host would. */
  rst(): void {
    this.#socket.resetAndDestroy();
  }
}
