import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A proxy before a server of this machine that counts what passes. */
export interface CountingProxy extends AsyncDisposable {
  readonly address: string;
  /** Bytes that came for the server. */
  readonly sent: number;
  /** Bytes that the server answered. */
  readonly received: number;
}

/** Starts one in front of `127.0.0.1:targetPort`. */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  const counts = { sent: 0, received: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: "127.0.0.1", port: targetPort, noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.once("close", () => sockets.delete(socket));
      socket.on("data", (chunk: Buffer) => {
        counts[socket === near ? "sent" : "received"] += chunk.length;
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return counts.sent;
    },
    get received() {
      return counts.received;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
