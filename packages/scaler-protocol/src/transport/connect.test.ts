import { createServer } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../../test-support/eventually.ts";
import { Listener } from "../../test-support/listener.ts";
import { framed, greeting, Heard, type ScriptedServer, startServer } from "../../test-support/scripted-server.ts";
import { ProtocolError } from "../protocol-error.ts";
import { connect } from "./connect.ts";
import type { Connection, ConnectOptions } from "./connection.ts";

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function serve(script: Parameters<typeof startServer>[0]): Promise<ScriptedServer> {
  const server = await startServer(script);
  opened.push(server);
  return server;
}

async function join(
  server: ScriptedServer,
  listener: Listener,
  more: Partial<ConnectOptions> = {},
): Promise<Connection> {
  const options = { identity: "Worker|é|1", onFrame: listener.onFrame, onClose: listener.onClose, ...more };
  const connection = await connect(`tcp://127.0.0.1:${server.port}`, options);
  opened.push(connection);
  return connection;
}

describe("connect", () => {
  it.each([1, 2] as const)("answers YMQ magic %i with the same magic and its name", async (magic) => {
    let heard: Heard | undefined;
    const server = await serve((socket) => {
      heard = new Heard(socket);
      socket.write(greeting(magic, "123|scheduler|x"));
    });
    const connection = await join(server, new Listener());
    expect(connection).toMatchObject({ magic, transport: "ymq", remoteIdentity: "123|scheduler|x" });
    await eventually(() => heard).toMatchObject({ magic, identity: "Worker|é|1" });
  });

  it("takes a greeting cut at any byte, and the frames behind it in order", async () => {
    const whole = Buffer.concat([greeting(2, "srv"), framed(Buffer.from("a")), framed(Buffer.alloc(0))]);
    const server = await serve(async (socket, n) => {
      socket.write(whole.subarray(0, n));
      await after(5);
      socket.write(whole.subarray(n));
    });
    for (let n = 1; n <= whole.length; n++) {
      const listener = new Listener();
      const connection = await join(server, listener);
      expect((await listener.received(2)).map(String)).toEqual(["a", ""]);
      connection.destroy();
    }
  });

  it("calls no handler before it has resolved", async () => {
    const server = await serve((socket) => {
      socket.end(Buffer.concat([greeting(2), framed(Buffer.from("early"))]));
    });
    const listener = new Listener();
    const connection = await join(server, listener);
    expect([listener.frames, listener.closes]).toEqual([[], []]);
    expect((await listener.closed())?.code).toBe("closed");
    expect(listener.frames.map(String)).toEqual(["early"]);
    expect(connection.send(Buffer.from("x"))).toBe(false);
  });

  it.each([
    ["an older YMQ", framed(Buffer.from("ObjectStorageServer")), "version"],
    ["a newer YMQ", Buffer.from("YMQ\x07"), "version"],
    ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n"), "malformed"],
    ["a name without end", Buffer.concat([greeting(2).subarray(0, 4), Buffer.alloc(8, 0x7f)]), "limit"],
  ])("refuses %s", async (_what, bytes, code) => {
    const server = await serve((socket) => void socket.write(bytes));
    const listener = new Listener();
    await expect(join(server, listener)).rejects.toMatchObject({
      code,
      message: expect.stringContaining("tcp://127.0.0.1"),
    });
    await eventually(() => server.sockets[0]?.destroyed).toBe(true);
    expect(listener.closes).toEqual([]);
  });

  it("says so when the peer closes, resets or stays silent instead of greeting", async () => {
    const server = await serve((socket, n) => {
      if (n === 1) socket.end();
      if (n === 2) setTimeout(() => socket.resetAndDestroy(), 20);
    });
    await expect(join(server, new Listener())).rejects.toThrow(/^\[closed\].*before its greeting/);
    await expect(join(server, new Listener())).rejects.toThrow(/^\[closed\].*ECONNRESET/);
    await expect(join(server, new Listener(), { connectTimeoutMs: 60 })).rejects.toThrow(
      /^\[timeout\].*60 ms for the greeting of a Scaler server \(a TLS port needs tls:/,
    );
    await eventually(() => server.sockets.every((socket) => socket.destroyed)).toBe(true);
  });

  it("says unreachable where nothing listens, and for a name that does not resolve", async () => {
    const free = await serve(() => {});
    await free[Symbol.asyncDispose]();
    opened.length = 0;
    await expect(join(free, new Listener())).rejects.toMatchObject({ code: "unreachable" });
    const options = { identity: "x", onFrame: () => {}, onClose: () => {} };
    await expect(connect("tcp://no-such-host.invalid:1", options)).rejects.toMatchObject({ code: "unreachable" });
  });

  it("resolves host names", async () => {
    const server = await serve((socket) => void socket.write(greeting(2)));
    const listener = new Listener();
    const connection = await connect(`tcp://localhost:${server.port}`, { identity: "x", ...listener });
    opened.push(connection);
    expect(connection.magic).toBe(2);
  });

  it("rejects with the signal's reason, before and while it connects", async () => {
    const server = await serve(() => {});
    await expect(join(server, new Listener(), { signal: AbortSignal.abort("before") })).rejects.toBe("before");
    const stop = new AbortController();
    const joining = join(server, new Listener(), { signal: stop.signal });
    await server.connection(1);
    stop.abort("while");
    await expect(joining).rejects.toBe("while");
    await eventually(() => server.sockets[0]?.destroyed).toBe(true);
  });

  it("leaves the signal alone once connected", async () => {
    const server = await serve((socket) => void socket.write(greeting(2)));
    const stop = new AbortController();
    const listener = new Listener();
    await join(server, listener, { signal: stop.signal });
    stop.abort();
    await after(20);
    expect(listener.closes).toEqual([]);
  });

  it("wants a name", async () => {
    const server = createServer();
    await expect(connect("tcp://127.0.0.1:1", { identity: "", onFrame() {}, onClose() {} })).rejects.toBeInstanceOf(
      ProtocolError,
    );
    server.close();
  });
});
