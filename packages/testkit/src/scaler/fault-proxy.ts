import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy on the loopback interface that does to its connections what a bad network does. */
export interface FaultProxy extends AsyncDisposable {
  /** Where to connect instead of the target. */
  readonly port: number;
  /** Connections open now, and all that were ever accepted. */
  readonly open: number;
  readonly accepted: number;
  /** Cuts every open connection at both ends; new ones are still accepted. `rst` loses what is in flight, `fin` ends the stream. */
  cut(how: "rst" | "fin"): void;
  /** From now on nothing passes, in either direction, and nothing is closed: the peer only hears silence. */
  blackHole(): void;
  /** New connections are refused with RST until {@link resume}. */
  refuse(): void;
  /** Holds each chunk for this many milliseconds. */
  delay(ms: number): void;
  /** Ends black hole, refusal and delay; what the black hole held back passes now. */
  resume(): void;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Starts a proxy in front of `127.0.0.1:targetPort`. */
export async function startFaultProxy(options: { readonly targetPort: number }): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(options.targetPort);
  await proxy.listen();
  return proxy;
}

class TcpFaultProxy implements FaultProxy {
  accepted = 0;
  port = 0;
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #refusing = false;
  #silent = false;
  #delayMs = 0;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#accept(near));
  }

  get open(): number {
    let open = 0;
    for (const { near } of this.#pairs) if (!near.destroyed) open += 1;
    return open;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  cut(how: "rst" | "fin"): void {
    for (const pair of this.#pairs) {
      for (const socket of [pair.near, pair.far]) {
        if (how === "rst") socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }

  blackHole(): void {
    this.#silent = true;
    for (const pair of this.#pairs) pauseBoth(pair);
  }

  refuse(): void {
    this.#refusing = true;
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  resume(): void {
    this.#refusing = false;
    this.#silent = false;
    this.#delayMs = 0;
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut("rst");
    await closed;
  }

  #accept(near: Socket): void {
    if (this.#refusing) {
      near.resetAndDestroy();
      return;
    }
    this.accepted += 1;
    const far = connect({ host: "127.0.0.1", port: this.#targetPort, noDelay: true, allowHalfOpen: true });
    const pair = { near, far };
    this.#pairs.add(pair);
    this.#pass(near, far, pair);
    this.#pass(far, near, pair);
    if (this.#silent) pauseBoth(pair);
  }

  #pass(from: Socket, to: Socket, pair: Pair): void {
    from.on("data", (chunk: Buffer) => {
      const write = (): void => {
        if (to.destroyed || to.write(chunk) || this.#silent) return;
        // Back-pressure: without it one slow end would fill this process with the other's bytes.
        from.pause();
        to.once("drain", () => {
          if (!this.#silent) from.resume();
        });
      };
      if (this.#delayMs > 0) setTimeout(write, this.#delayMs);
      else write();
    });
    from.on("end", () => {
      if (!this.#silent) setTimeout(() => to.end(), this.#delayMs);
    });
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => {
      if (from.destroyed && to.destroyed) this.#pairs.delete(pair);
      // A black hole passes nothing on, not even an end: the other side must find out by itself.
      if (!this.#silent && !to.destroyed) to.destroy();
    });
  }
}

function pauseBoth({ near, far }: Pair): void {
  near.pause();
  far.pause();
}
