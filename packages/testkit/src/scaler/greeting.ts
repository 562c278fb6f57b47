import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** How a server is spoken to. `zmq` is ZeroMQ over tcp; the others are YMQ. */
export type Transport = "tcp" | "tls" | "ws" | "zmq";

const YMQ = Buffer.from([0x59, 0x4d, 0x51]);
// RFC 23/ZMTP: a greeting starts with ff, eight bytes of padding, 7f.
const ZMTP_START = 0xff;
const ZMTP_END = 0x7f;

/**
 * Connects once and resolves to whether the server greeted as a Scaler server of that transport does, within `limitMs`.
 *
 * YMQ servers greet before they hear anything; over ws:// after the upgrade. An open port alone proves nothing: the scheduler
 * listens before it has found its object storage.
 */
export async function greets(port: number, transport: Transport, limitMs = 1_000): Promise<boolean> {
  const socket: Socket =
    transport === "tls"
      ? connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false })
      : connect({ host: "127.0.0.1", port });
  if (transport === "ws") {
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
  }
  return await new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const finish = (greeted: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeted);
    };
    const timer = setTimeout(() => finish(false), limitMs);
    socket.on("error", () => finish(false));
    socket.on("close", () => finish(false));
    socket.on("data", (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      if (isGreeting(seen, transport)) finish(true);
    });
  });
}

function isGreeting(seen: Buffer, transport: Transport): boolean {
  if (transport === "zmq") return seen.length >= 10 && seen[0] === ZMTP_START && seen[9] === ZMTP_END;
  if (transport === "ws") return seen.subarray(0, 12).toString("latin1") === "HTTP/1.1 101" && seen.includes(YMQ);
  return seen.length >= 4 && seen.subarray(0, 3).equals(YMQ);
}
