import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { SelfSigned } from "./self-signed.ts";

/** A server on a free loopback port that does what a test says with each connection. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** Connections so far, in order. */
  readonly sockets: readonly Socket[];
  /** Waits for the n-th connection, from 1. */
  connection(n: number): Promise<Socket>;
}

export async function startServer(
  script: (socket: Socket, n: number) => void,
  tls?: SelfSigned,
): Promise<ScriptedServer> {
  const sockets: Socket[] = [];
  const waiting: { n: number; resolve: (socket: Socket) => void }[] = [];
  const accept = (socket: Socket): void => {
    socket.on("error", () => {});
    socket.setNoDelay(true);
    sockets.push(socket);
    script(socket, sockets.length);
    // Unread bytes would hide the end of the connection.
    if (socket.listenerCount("data") === 0) socket.resume();
    for (const waiter of waiting) if (waiter.n === sockets.length) waiter.resolve(socket);
  };
  const server: Server =
    tls === undefined
      ? createServer({ allowHalfOpen: false }, accept)
      : createTlsServer({ cert: tls.cert, key: tls.key }, accept);
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    connection: (n) =>
      new Promise((resolve) => {
        const there = sockets[n - 1];
        if (there === undefined) waiting.push({ n, resolve });
        else resolve(there);
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One frame as it goes over the wire. */
export function framed(body: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeBigUInt64LE(BigInt(body.length));
  return Buffer.concat([header, body]);
}

/** The greeting of a YMQ server. */
export function greeting(magic: number, identity = "server"): Buffer {
  return Buffer.concat([Buffer.from([0x59, 0x4d, 0x51, magic]), framed(Buffer.from(identity))]);
}

/** Collects what a client sends: its greeting, then its frames. */
export class Heard {
  identity: string | undefined;
  magic: number | undefined;
  readonly frames: Buffer[] = [];
  readonly #onFrame: ((frame: Buffer) => void) | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    stream: { on(event: "data", listener: (chunk: Buffer) => void): unknown },
    onFrame?: (frame: Buffer) => void,
  ) {
    this.#onFrame = onFrame;
    stream.on("data", (chunk) => this.push(chunk));
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (;;) {
      const start = this.magic === undefined ? 4 : 0;
      if (this.#bytes < start + 8) return;
      const head = this.#peek(start + 8);
      const length = Number(head.readBigUInt64LE(start));
      if (this.#bytes < start + 8 + length) return;
      const all = Buffer.concat(this.#chunks);
      if (this.magic === undefined) this.magic = all[3] ?? 0;
      const frame = all.subarray(start + 8, start + 8 + length);
      this.#chunks = [all.subarray(start + 8 + length)];
      this.#bytes -= start + 8 + length;
      if (this.identity === undefined) {
        this.identity = frame.toString();
      } else {
        this.frames.push(frame);
        this.#onFrame?.(frame);
      }
    }
  }

  #peek(length: number): Buffer {
    if ((this.#chunks[0]?.length ?? 0) < length) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}
