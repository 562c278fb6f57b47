import { setTimeout as after } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../../test-support/eventually.ts";
import { Listener } from "../../test-support/listener.ts";
import { framed, greeting, Heard, type ScriptedServer, startServer } from "../../test-support/scripted-server.ts";
import { ProtocolError } from "../protocol-error.ts";
import { connect } from "./connect.ts";
import type { Connection, ConnectOptions } from "./connection.ts";

const MiB = 1024 * 1024;
const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

interface Setup {
  readonly server: ScriptedServer;
  readonly connection: Connection;
  readonly listener: Listener;
  readonly heard: Heard;
}

async function setUp(more: Partial<ConnectOptions> = {}): Promise<Setup> {
  const heards: Heard[] = [];
  const server = await startServer((socket) => {
    heards.push(new Heard(socket));
    socket.write(greeting(2));
  });
  opened.push(server);
  const listener = new Listener();
  const connection = await connect(`tcp://127.0.0.1:${server.port}`, { identity: "me", ...listener, ...more });
  opened.push(connection);
  const heard = heards[0];
  if (heard === undefined) throw new Error("no connection");
  return { server, connection, listener, heard };
}

async function* pieces(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const [i, size] of sizes.entries()) {
    await after(1);
    yield Buffer.alloc(size, i + 1);
  }
}

describe("a YMQ connection", () => {
  it("sends the frames of one turn in one write, long bodies between short ones, in order", async () => {
    const { connection, heard, server } = await setUp();
    const socket = await server.connection(1);
    await eventually(() => heard.identity).toBe("me");
    let chunks = 0;
    socket.on("data", () => {
      chunks += 1;
    });
    for (let i = 0; i < 100; i++) connection.send(Buffer.from(`frame ${i}`));
    await eventually(() => heard.frames.length).toBe(100);
    expect(chunks).toBe(1);
    const big = Buffer.alloc(300_000, 7);
    for (const body of [Buffer.from("before"), big, Buffer.alloc(0), Buffer.from("after")]) connection.send(body);
    await eventually(() => heard.frames.length).toBe(104);
    expect(heard.frames.slice(100).map((frame) => frame.length)).toEqual([6, 300_000, 0, 5]);
    expect(heard.frames[101]?.equals(big)).toBe(true);
  });

  it("receives 100 MB as one frame", { timeout: 30_000 }, async () => {
    const { server, listener } = await setUp();
    const socket = await server.connection(1);
    const body = Buffer.alloc(100 * MiB);
    for (let i = 0; i < body.length; i += 4096) body.writeUInt32LE(i, i);
    socket.write(framed(body));
    const [frame] = await listener.received(1);
    expect(frame?.equals(body)).toBe(true);
  });

  it("closes on a frame beyond its limit, with one word", async () => {
    const { server, listener } = await setUp({ limits: { maxFrameBytes: 1_000 } });
    const socket = await server.connection(1);
    socket.write(Buffer.concat([framed(Buffer.alloc(1_000)), framed(Buffer.alloc(1_001)), framed(Buffer.alloc(1))]));
    expect((await listener.closed())?.message).toMatch(/^\[limit\].*1001 bytes, at most 1000/);
    expect(listener.frames).toHaveLength(1);
    await eventually(() => socket.destroyed).toBe(true);
    expect(listener.closes).toHaveLength(1);
  });

  it.each([
    ["FIN", (socket: { end(): void }) => socket.end(), /^\[closed\].*in order \(FIN\)$/],
    ["RST", (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy(), /^\[closed\].*ECONNRESET/],
  ] as const)("tells of a %s once, with its name", async (_name, cut, text) => {
    const { server, listener, connection } = await setUp();
    cut(await server.connection(1));
    expect((await listener.closed())?.message).toMatch(text);
    await after(20);
    expect(listener.closes).toHaveLength(1);
    expect(connection.send(Buffer.from("x"))).toBe(false);
    await expect(connection.drained()).rejects.toMatchObject({ code: "closed" });
    await connection.close();
  });

  it("tells of an end in the middle of a frame", async () => {
    const { server, listener } = await setUp();
    (await server.connection(1)).end(framed(Buffer.alloc(10)).subarray(0, 12));
    expect((await listener.closed())?.message).toMatch(/\(FIN\) in the middle of a frame$/);
  });

  it("closes with what the frame handler throws", async () => {
    const refused = new ProtocolError("malformed", "no");
    const { server, listener } = await setUp({
      onFrame: () => {
        throw refused;
      },
    });
    (await server.connection(1)).write(framed(Buffer.from("x")));
    expect(await listener.closed()).toBe(refused);
    const second = await setUp({
      onFrame: () => {
        throw new TypeError("a bug");
      },
    });
    (await second.server.connection(1)).write(framed(Buffer.from("x")));
    expect(await second.listener.closed()).toMatchObject({ code: "malformed", cause: new TypeError("a bug") });
  });

  it("holds a sender back above the high-water mark, and lets it go on when the peer reads", async () => {
    const { connection, server, heard } = await setUp({ limits: { highWaterMarkBytes: MiB } });
    const socket = await server.connection(1);
    socket.pause();
    expect(connection.send(Buffer.alloc(100))).toBe(true);
    const body = Buffer.alloc(MiB);
    let sent = 0;
    while (connection.send(body)) sent += 1;
    for (let i = 0; i < 8; i++) connection.send(body);
    expect(connection.bufferedBytes).toBeGreaterThan(MiB);
    const drained = connection.drained();
    await expect(connection.drained({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    socket.resume();
    await drained;
    expect(connection.bufferedBytes).toBeLessThanOrEqual(MiB);
    await eventually(() => heard.frames.length).toBe(sent + 10);
  });

  it("refuses to queue without end", async () => {
    const { connection, server } = await setUp({ limits: { maxBufferedBytes: 40 * MiB } });
    (await server.connection(1)).pause();
    connection.send(Buffer.alloc(39 * MiB));
    expect(() => connection.send(Buffer.alloc(39 * MiB))).toThrow(/^\[limit\].*bytes wait to be sent/);
    connection.destroy();
  });

  it("flushes before it closes in order", async () => {
    const { connection, listener, heard, server } = await setUp();
    const socket = await server.connection(1);
    let ended = false;
    socket.on("end", () => {
      ended = true;
    });
    connection.send(Buffer.alloc(5 * MiB, 1));
    connection.send(Buffer.from("leave"));
    await Promise.all([connection.close(), connection.close()]);
    expect(heard.frames.map((frame) => frame.length)).toEqual([5 * MiB, 5]);
    expect(ended).toBe(true);
    expect(listener.closes).toEqual([undefined]);
  });

  it("closes in bounded time where the peer does not read", async () => {
    const { connection, server } = await setUp();
    (await server.connection(1)).pause();
    connection.send(Buffer.alloc(50 * MiB));
    const started = performance.now();
    await connection.close({ timeoutMs: 100 });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("destroys at once and delivers nothing more", async () => {
    const { connection, server, listener } = await setUp();
    (await server.connection(1)).write(framed(Buffer.from("late")));
    connection.destroy();
    connection.destroy();
    await after(20);
    expect([listener.frames, listener.closes]).toEqual([[], [undefined]]);
  });

  it("stops reading while paused", async () => {
    const { connection, server, listener } = await setUp();
    connection.pause();
    const socket = await server.connection(1);
    for (let i = 0; i < 64; i++) socket.write(framed(Buffer.alloc(MiB)));
    await after(50);
    expect(listener.frames).toEqual([]);
    expect(socket.writableLength).toBeGreaterThan(MiB);
    connection.resume();
    await listener.received(64);
  });

  it("streams one frame and keeps what is sent meanwhile behind it", async () => {
    const { connection, heard } = await setUp();
    const streamed = connection.sendStream(300_010, pieces(100_000, 10, 200_000));
    await after(3);
    connection.send(Buffer.from("behind"));
    const second = connection.sendStream(3, pieces(1, 2));
    await Promise.all([streamed, second]);
    await eventually(() => heard.frames.map((frame) => frame.length)).toEqual([300_010, 6, 3]);
    expect(heard.frames[0]?.[100_005]).toBe(2);
  });

  it.each([
    ["short", () => pieces(5), /^\[malformed\].*10 bytes gave 5$/],
    ["long", () => pieces(5, 6), /^\[malformed\].*10 bytes gave 11 or more$/],
  ])("destroys the connection over a %s stream", async (_what, source, text) => {
    const { connection, listener } = await setUp();
    await expect(connection.sendStream(10, source())).rejects.toThrow(text);
    expect((await listener.closed())?.message).toMatch(text);
  });

  it("ends a stream with its connection, and with its signal", async () => {
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1);
      await new Promise(() => {});
    };
    const first = await setUp();
    const aborted = first.connection.sendStream(10, endless(), { signal: AbortSignal.timeout(30) });
    await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" });
    expect((await first.listener.closed())?.code).toBe("closed");

    const flood = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(MiB);
    };
    const second = await setUp();
    const sending = second.connection.sendStream(1e12, flood());
    const lost = expect(sending).rejects.toMatchObject({ code: "closed" });
    setTimeout(() => second.server.sockets[0]?.resetAndDestroy(), 30);
    await lost;
  });
});
