import { setTimeout as after } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { Router } from "zeromq";
import { eventually } from "../../test-support/eventually.ts";
import { Listener } from "../../test-support/listener.ts";
import { connect } from "./connect.ts";
import type { Connection, ConnectOptions } from "./connection.ts";

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

interface Scheduler {
  readonly address: string;
  readonly heard: { from: string; body: Buffer }[];
  readonly router: Router;
  say(to: string, ...parts: (string | Buffer)[]): Promise<void>;
}

async function serve(): Promise<Scheduler> {
  const router = new Router({ linger: 0, mandatory: true, sendHighWaterMark: 0 });
  await router.bind("tcp://127.0.0.1:*");
  opened.push({ [Symbol.asyncDispose]: async () => router.close() });
  const heard: Scheduler["heard"] = [];
  void (async () => {
    for await (const [from, body] of router) if (from && body) heard.push({ from: String(from), body });
  })().catch(() => {});
  return {
    address: router.lastEndpoint ?? "",
    heard,
    router,
    say: (to, ...parts) => router.send([to, ...parts]),
  };
}

async function join(address: string, listener: Listener, more: Partial<ConnectOptions> = {}): Promise<Connection> {
  const connection = await connect(address, { identity: "Worker|x", ...listener, ...more });
  opened.push(connection);
  return connection;
}

describe("a ZeroMQ scheduler", () => {
  it("is told by its greeting, and knows us by our identity", async () => {
    const { address, heard, say } = await serve();
    const listener = new Listener();
    const connection = await join(address, listener);
    expect(connection).toMatchObject({ transport: "zmq", magic: undefined, remoteIdentity: "" });
    for (let i = 0; i < 2_000; i++) connection.send(Buffer.from(`${i}`));
    await connection.drained();
    await eventually(() => heard.length).toBe(2_000);
    expect(heard[0]?.from).toBe("Worker|x");
    expect(heard.map(({ body }) => String(body))).toEqual(Array.from({ length: 2_000 }, (_, i) => `${i}`));
    await say("Worker|x", "hello");
    await say("Worker|x", Buffer.alloc(0));
    expect((await listener.received(2)).map(String)).toEqual(["hello", ""]);
    expect(connection.bufferedBytes).toBe(0);
  });

  it("is told by name as well as by address", async () => {
    const { address } = await serve();
    const connection = await join(address.replace("127.0.0.1", "localhost"), new Listener());
    expect(connection.transport).toBe("zmq");
  });

  it("hears everything sent before an orderly close", async () => {
    const { address, heard } = await serve();
    const listener = new Listener();
    const connection = await join(address, listener);
    connection.send(Buffer.alloc(20_000_000));
    connection.send(Buffer.from("leave"));
    await connection.close();
    await eventually(() => heard.map(({ body }) => body.length)).toEqual([20_000_000, 5]);
    expect(listener.closes).toEqual([undefined]);
  });

  it("that goes away is told once", async () => {
    const { address, router } = await serve();
    const listener = new Listener();
    const connection = await join(address, listener);
    router.close();
    expect((await listener.closed())?.code).toBe("closed");
    expect(connection.send(Buffer.from("x"))).toBe(false);
    await expect(connection.drained()).rejects.toMatchObject({ code: "closed" });
    expect(listener.closes).toHaveLength(1);
  });

  it("costs its connection with a message too long, or of several parts, or one that cannot be handled", async () => {
    const { address, say } = await serve();
    const long = new Listener();
    await join(address, long, { identity: "a", limits: { maxFrameBytes: 1_000 } });
    await say("a", Buffer.alloc(1_001));
    expect((await long.closed())?.message).toMatch(/more than 1000 bytes$/);
    const parts = new Listener();
    await join(address, parts, { identity: "b" });
    await say("b", "one", "two");
    expect((await parts.closed())?.message).toMatch(/^\[malformed\].*one frame, got 2$/);
    const bug = new Listener();
    await join(address, bug, {
      identity: "c",
      onFrame: () => {
        throw new TypeError("a bug");
      },
    });
    await say("c", "x");
    expect(await bug.closed()).toMatchObject({ code: "malformed", cause: new TypeError("a bug") });
  });

  it("waits while we pause", async () => {
    const { address, say } = await serve();
    const listener = new Listener();
    const connection = await join(address, listener);
    connection.pause();
    for (let i = 0; i < 10; i++) await say("Worker|x", `${i}`);
    await after(50);
    // One message may be on its way already when the pause begins.
    expect(listener.frames.length).toBeLessThanOrEqual(1);
    connection.resume();
    await listener.received(10);
  });

  it("takes a streamed body as one message", async () => {
    const { address, heard } = await serve();
    const connection = await join(address, new Listener());
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("ab");
      yield Buffer.from("c");
    };
    await connection.sendStream(3, chunks());
    await eventually(() => heard.map(({ body }) => String(body))).toEqual(["abc"]);
    await expect(connection.sendStream(4, chunks())).rejects.toThrow(/^\[malformed\]/);
  });
});
