import { expect, it } from "vitest";
import { greeting, startServer } from "../../test-support/scripted-server.ts";
import { connectWithRetry } from "./connect-with-retry.ts";

const handlers = { identity: "me", onFrame() {}, onClose() {}, backoff: { baseMs: 10, maxMs: 20 }, random: () => 0 };

it("goes on until the server greets, and tells of each failure", async () => {
  await using server = await startServer((socket, n) => {
    if (n < 3) socket.end();
    else socket.write(greeting(2));
  });
  const retries: string[] = [];
  const connection = await connectWithRetry(`tcp://127.0.0.1:${server.port}`, {
    ...handlers,
    onRetry: (failure, attempt, delayMs) => retries.push(`${failure.code} ${attempt} ${delayMs}`),
  });
  connection.destroy();
  expect(retries).toEqual(["closed 0 5", "closed 1 10"]);
});

it("does not repeat what will not pass", async () => {
  await using server = await startServer((socket) => void socket.write("YMQ\x09"));
  await expect(connectWithRetry(`tcp://127.0.0.1:${server.port}`, handlers)).rejects.toMatchObject({ code: "version" });
  expect(server.sockets).toHaveLength(1);
});

it("gives up in time, with the last failure, and stops at its signal", async () => {
  const server = await startServer(() => {});
  await server[Symbol.asyncDispose]();
  const address = `tcp://127.0.0.1:${server.port}`;
  await expect(connectWithRetry(address, { ...handlers, giveUpAfterMs: 60 })).rejects.toMatchObject({
    code: "unreachable",
  });
  const signal = AbortSignal.timeout(60);
  await expect(connectWithRetry(address, { ...handlers, signal })).rejects.toMatchObject({ name: "TimeoutError" });
});
