import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

describe("the fault proxy", () => {
  const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  let proxy: FaultProxy;
  let socket: Socket;
  let heard = "";

  beforeEach(async () => {
    echo.listen(0, "127.0.0.1");
    await once(echo, "listening");
    proxy = await startFaultProxy({ targetPort: (echo.address() as AddressInfo).port });
    socket = await dial();
  });

  afterEach(async () => {
    socket.destroy();
    await proxy[Symbol.asyncDispose]();
    echo.close();
  });

  async function dial(): Promise<Socket> {
    const dialled = connect(proxy.port, "127.0.0.1").setEncoding("utf8");
    heard = "";
    dialled.on("data", (chunk: string) => {
      heard += chunk;
    });
    await once(dialled, "connect");
    return dialled;
  }

  const say = async (text: string): Promise<void> => {
    socket.write(text);
    await expect.poll(() => heard).toContain(text);
  };

  it("passes bytes both ways and counts connections", async () => {
    await say("hello");
    expect([proxy.open, proxy.accepted]).toEqual([1, 1]);
  });

  it("cuts with RST", async () => {
    await say("hello");
    const failed = once(socket, "error");
    proxy.cut("rst");
    expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
    await expect.poll(() => proxy.open).toBe(0);
  });

  it("cuts with FIN", async () => {
    await say("hello");
    const ended = once(socket, "end");
    proxy.cut("fin");
    await ended;
  });

  it("passes nothing and closes nothing as a black hole, and everything after it", async () => {
    await say("hello");
    proxy.blackHole();
    socket.write("lost?");
    await sleep(100);
    expect(heard).toBe("hello");
    expect(socket.destroyed).toBe(false);
    proxy.resume();
    await expect.poll(() => heard).toBe("hellolost?");
  });

  it("refuses new connections until it resumes", async () => {
    proxy.refuse();
    const refused = connect(proxy.port, "127.0.0.1");
    const [reason] = (await once(refused, "error")) as [NodeJS.ErrnoException];
    expect(reason.code).toBe("ECONNRESET");
    proxy.resume();
    socket.destroy();
    socket = await dial();
    await say("again");
  });

  it("delays", async () => {
    proxy.delay(100);
    const begun = performance.now();
    await say("late");
    expect(performance.now() - begun).toBeGreaterThan(190);
  });
});
