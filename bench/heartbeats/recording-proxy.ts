import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { decodeMessage, type Magic } from "@scaler-aws-hpc/scaler-protocol";

/** A frame longer than this is no heartbeat, and is not looked at. */
const HEARTBEAT_BYTES = 65_536;

/** When heartbeats passed, in milliseconds of `performance.now()`, for each worker connection. */
export type Beats = ReadonlyMap<string, readonly number[]>;

/** A proxy before the scheduler that notes when each worker's heartbeats pass. */
export class RecordingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #beats = new Map<string, number[]>();
  readonly #sockets = new Set<Socket>();

  private constructor(targetPort: number) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect({ host: "127.0.0.1", port: targetPort, noDelay: true });
      const reader = new HeartbeatReader(this.#beats);
      near.on("data", (chunk: Buffer) => reader.push(chunk));
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
    });
  }

  static async start(targetPort: number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get beats(): Beats {
    return this.#beats;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Cuts what a peer sends into frames: magic, then length and identity, then length and message, again and again. */
class HeartbeatReader {
  readonly #beats: Map<string, number[]>;
  #rest = Buffer.alloc(0);
  #skip = 0;
  #magic: Magic | undefined;
  #mine: number[] | undefined;

  constructor(beats: Map<string, number[]>) {
    this.#beats = beats;
  }

  push(chunk: Buffer): void {
    const now = performance.now();
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const skipped = Math.min(this.#skip, this.#rest.length);
      this.#skip -= skipped;
      this.#rest = this.#rest.subarray(skipped);
      const start = this.#magic === undefined ? 4 : 0;
      if (this.#skip > 0 || this.#rest.length < start + 8) return;
      const length = Number(this.#rest.readBigUInt64LE(start));
      if (length <= HEARTBEAT_BYTES && this.#rest.length < start + 8 + length) return;
      const frame = this.#rest.subarray(start + 8, start + 8 + Math.min(length, HEARTBEAT_BYTES));
      if (this.#magic === undefined) this.#greet(this.#rest[3] === 1 ? 1 : 2, frame.toString("utf8"));
      else if (length <= HEARTBEAT_BYTES && decodeMessage(frame, this.#magic).kind === "workerHeartbeat")
        this.#mine?.push(now);
      this.#skip = start + 8 + length;
    }
  }

  #greet(magic: Magic, identity: string): void {
    this.#magic = magic;
    if (!identity.startsWith("Worker|")) return;
    this.#mine = [];
    this.#beats.set(`${identity} ${this.#beats.size}`, this.#mine);
  }
}
