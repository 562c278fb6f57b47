import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { eventually } from "../../test-support/eventually.ts";
import { Listener } from "../../test-support/listener.ts";
import { framed, greeting, Heard, startServer } from "../../test-support/scripted-server.ts";
import { selfSigned } from "../../test-support/self-signed.ts";
import { connect } from "./connect.ts";
import type { Connection, TlsOptions, TransportLimits } from "./connection.ts";

const MiB = 1024 * 1024;
const certificate = selfSigned();
const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function join(
  address: string,
  listener: Listener,
  more: { tls?: TlsOptions; limits?: Partial<TransportLimits> } = {},
): Promise<Connection> {
  const connection = await connect(address, { identity: "me", ...listener, ...more });
  opened.push(connection);
  return connection;
}

describe("tls://", () => {
  async function serve(shown = certificate): Promise<{ port: number; heard: Heard[]; names: unknown[] }> {
    const heard: Heard[] = [];
    const names: unknown[] = [];
    const server = await startServer((socket) => {
      names.push("servername" in socket ? socket.servername : undefined);
      heard.push(new Heard(socket));
      socket.write(greeting(2));
      socket.write(framed(Buffer.alloc(MiB, 3)));
    }, shown);
    opened.push(server);
    return { port: server.port, heard, names };
  }

  it("refuses an unknown authority and says what to do", async () => {
    const { port } = await serve();
    await expect(join(`tls://127.0.0.1:${port}`, new Listener())).rejects.toThrow(
      /^\[tls\].*pass its certificate as `ca`/,
    );
  });

  it("trusts a given authority, and carries frames both ways", async () => {
    const { port, heard } = await serve();
    const listener = new Listener();
    const connection = await join(`tls://127.0.0.1:${port}`, listener, { tls: { ca: certificate.cert } });
    connection.send(Buffer.alloc(2 * MiB, 9));
    await eventually(() => heard[0]?.frames.map((frame) => frame.length)).toEqual([2 * MiB]);
    const [frame] = await listener.received(1);
    expect(frame?.equals(Buffer.alloc(MiB, 3))).toBe(true);
    await connection.close();
    expect(listener.closes).toEqual([undefined]);
  });

  it("sends the name along, but no address", async () => {
    const { port, names } = await serve();
    await join(`tls://localhost:${port}`, new Listener(), { tls: { ca: Buffer.from(certificate.cert) } });
    await join(`tls://127.0.0.1:${port}`, new Listener(), { tls: { ca: certificate.cert } });
    expect(names).toEqual(["localhost", false]);
  });

  it("refuses a certificate for another name, unless told to accept anything", async () => {
    const elsewhere = selfSigned("DNS:elsewhere.example");
    const { port } = await serve(elsewhere);
    await expect(join(`tls://127.0.0.1:${port}`, new Listener(), { tls: { ca: elsewhere.cert } })).rejects.toThrow(
      /^\[tls\].*the certificate is for another name$/,
    );
    const listener = new Listener();
    await join(`tls://127.0.0.1:${port}`, listener, { tls: { insecure: true } });
    await listener.received(1);
  });

  it("says so where the port speaks no TLS", async () => {
    const server = await startServer((socket) => void socket.write(greeting(2)));
    opened.push(server);
    await expect(join(`tls://127.0.0.1:${server.port}`, new Listener())).rejects.toThrow(
      /^\[tls\].*is this a TLS port\?$/,
    );
  });
});

describe.each(["ws", "wss"] as const)("%s://", (scheme) => {
  const tls = { ca: certificate.cert };

  async function serve(script: (socket: WebSocket, path: string | undefined) => void): Promise<string> {
    const http = scheme === "ws" ? createHttpServer() : createHttpsServer(certificate);
    const server = new WebSocketServer({ server: http });
    server.on("connection", (socket, request) => {
      socket.on("error", () => {});
      script(socket, request.url);
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    opened.push({
      async [Symbol.asyncDispose]() {
        for (const client of server.clients) client.terminate();
        server.close();
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
      },
    });
    return `${scheme}://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  it("keeps the path, and takes messages cut anywhere", async () => {
    const whole = Buffer.concat([greeting(2, "srv"), framed(Buffer.from("abc")), framed(Buffer.alloc(0))]);
    let path: string | undefined;
    const heards: Heard[] = [];
    const address = await serve((socket, url) => {
      path = url;
      heards.push(new Heard({ on: (_event, listener) => socket.on("message", (data) => listener(data as Buffer)) }));
      for (const byte of whole) socket.send(Buffer.from([byte]));
    });
    const listener = new Listener();
    const connection = await join(`${address}/some/path?x=1`, listener, { tls });
    expect(connection).toMatchObject({ magic: 2, transport: "ymq", remoteIdentity: "srv" });
    expect((await listener.received(2)).map(String)).toEqual(["abc", ""]);
    expect(path).toBe("/some/path?x=1");
    connection.send(Buffer.from("hello"));
    connection.send(Buffer.alloc(3 * MiB, 5));
    await eventually(() => heards[0]?.frames.map((frame) => frame.length)).toEqual([5, 3 * MiB]);
    await connection.close();
    expect(listener.closes).toEqual([undefined]);
  });

  it("takes fragmented messages, and many frames in one", async () => {
    const address = await serve((socket) => {
      socket.send(greeting(2).subarray(0, 6), { fin: false });
      socket.send(greeting(2).subarray(6), { fin: true });
      socket.send(Buffer.concat(Array.from({ length: 500 }, (_, n) => framed(Buffer.from([n & 255])))));
      socket.send(framed(Buffer.alloc(5 * MiB, 1)));
    });
    const listener = new Listener();
    await join(address, listener, { tls });
    const frames = await listener.received(501);
    expect(frames.map((frame) => frame.length)).toEqual([...Array.from({ length: 500 }, () => 1), 5 * MiB]);
  });

  it("keeps no bound of its own where frames have none", async () => {
    const address = await serve((socket) => {
      socket.send(greeting(2));
      socket.send(framed(Buffer.alloc(3 * MiB)));
    });
    const listener = new Listener();
    await join(address, listener, { tls, limits: { maxFrameBytes: Number.MAX_SAFE_INTEGER } });
    expect((await listener.received(1))[0]?.length).toBe(3 * MiB);
  });

  it("closes on a message beyond any legal frame", async () => {
    const address = await serve((socket) => {
      socket.send(greeting(2));
      setTimeout(() => socket.send(Buffer.alloc(3 * MiB)), 20);
    });
    const listener = new Listener();
    await join(address, listener, { tls, limits: { maxFrameBytes: 1_000 } });
    expect((await listener.closed())?.code).toBe("limit");
  });

  it.each([
    ["an orderly end", (socket: WebSocket) => socket.close()],
    ["a broken link", (socket: WebSocket) => socket.terminate()],
  ])("tells of %s once", async (_what, end) => {
    const sockets: WebSocket[] = [];
    const address = await serve((socket) => {
      sockets.push(socket);
      socket.send(greeting(2));
    });
    const listener = new Listener();
    await join(address, listener, { tls });
    for (const socket of sockets) end(socket);
    expect((await listener.closed())?.code).toBe("closed");
    expect(listener.closes).toHaveLength(1);
  });

  it("holds a sender back", async () => {
    const sockets: WebSocket[] = [];
    const address = await serve((socket) => {
      sockets.push(socket);
      socket.send(greeting(2));
    });
    const connection = await join(address, new Listener(), { tls, limits: { highWaterMarkBytes: MiB } });
    sockets[0]?.pause();
    let sent = 0;
    while (sent < 100 && connection.send(Buffer.alloc(MiB))) sent += 1;
    expect(sent).toBeLessThan(100);
    sockets[0]?.resume();
    await connection.drained();
  });
});

it("says so where the upgrade is refused", async () => {
  const http = createHttpServer((_request, response) => void response.writeHead(404).end());
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  await expect(join(address, new Listener())).rejects.toThrow(/^\[malformed\].*expected a WebSocket peer.*404/);
  http.close();
});

it("says so where a WebSocket port is no HTTP port, and where nothing listens", async () => {
  const server = await startServer((socket) => void socket.write(greeting(2)));
  const address = `ws://127.0.0.1:${server.port}`;
  await expect(join(address, new Listener())).rejects.toMatchObject({ code: "malformed" });
  await server[Symbol.asyncDispose]();
  await expect(join(address, new Listener())).rejects.toMatchObject({ code: "unreachable" });
});
