import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HttpClient, Unanswered } from "./http-client.ts";

let server: Server;
let sockets: Socket[];
let client: HttpClient;
beforeEach(async () => {
  sockets = [];
  server = createServer((request, response) => response.end(request.method));
  server.on("connection", (socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = new HttpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const get = async () => (await client.request({ method: "GET", target: "/", headers: {}, most: 100 })).body.toString();

it("sends its first request over the connection that was made before, and the next one too", async () => {
  client.prepare();
  await once(server, "connection");
  expect([await get(), await get()]).toEqual(["GET", "GET"]);
  expect(sockets).toHaveLength(1);
});

it("connects anew where that one was closed meanwhile", async () => {
  client.prepare();
  await once(server, "connection");
  sockets[0]?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await get()).toBe("GET");
  expect(sockets).toHaveLength(2);
});

it("tells of a server that is not there with the request", async () => {
  server.close();
  await once(server, "close");
  client.prepare();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(get()).rejects.toThrow(Unanswered);
});
