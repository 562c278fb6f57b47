import { setTimeout as after } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../../test-support/eventually.ts";
import { type FakeStorage, objectId, type SeenRequest } from "../../test-support/fake-storage.ts";
import { startServer } from "../../test-support/scripted-server.ts";
import { StorageBed } from "../../test-support/storage-bed.ts";
import { ObjectStorageClient } from "./object-storage-client.ts";
import type { StorageLinkState } from "./storage-options.ts";

const MiB = 1024 * 1024;
const bed = new StorageBed();
const setUp = bed.open.bind(bed);
afterEach(() => bed[Symbol.asyncDispose]());

const types = (storage: FakeStorage): string[] => storage.requests.map(({ header }) => header.requestType);

describe("ObjectStorageClient", () => {
  it("stores, reads and deletes, the empty object too", async () => {
    const { client, storage } = await setUp();
    for (const [byte, body] of [Buffer.alloc(0), Buffer.from("x"), Buffer.alloc(300_000, 5)].entries()) {
      await client.set(objectId(byte), body);
      expect((await client.get(objectId(byte))).equals(body)).toBe(true);
    }
    expect(await client.delete([objectId(0), objectId(1), objectId(9)])).toBe(2);
    expect([...storage.objects.keys()]).toEqual([objectId(2)]);
    expect(client.magic).toBe(2);
    expect(storage.identities[0]).toMatch(/^me\|[0-9a-f]{8}$/);
  });

  it("matches answers that come out of order", async () => {
    const held: SeenRequest[] = [];
    const { client, storage } = await setUp((request) => held.push(request) > 0);
    const reads = [1, 2, 3].map((byte) => client.get(objectId(byte)));
    await storage.request(3);
    for (const request of held.reverse()) request.answer(Buffer.from(request.header.objectId.slice(0, 2)));
    expect((await Promise.all(reads)).map(String)).toEqual(["01", "02", "03"]);
  });

  it("merges concurrent reads of one object; one that leaves does not disturb the others", async () => {
    const { client, storage } = await setUp();
    const stop = new AbortController();
    const leaving = client.get(objectId(1), { signal: stop.signal });
    const staying = client.get(objectId(1));
    const another = client.get(objectId(1), { maxBytes: 10 });
    stop.abort("gone");
    await expect(leaving).rejects.toBe("gone");
    await client.set(objectId(1), Buffer.from("body"));
    expect(String(await staying)).toBe("body");
    expect(await another).toBe(await staying);
    expect(types(storage)).toEqual(["getObject", "setObject"]);
    await client.get(objectId(1));
    expect(types(storage)).toEqual(["getObject", "setObject", "getObject"]);
  });

  it("does not let a read with a small limit stand in for one with a greater", async () => {
    const { client, storage } = await setUp();
    const small = expect(client.get(objectId(1), { maxBytes: 3 })).rejects.toThrow(
      /^\[limit\].*longer than the 3 bytes/,
    );
    const great = client.get(objectId(1));
    await storage.request(2);
    await client.set(objectId(1), Buffer.from("body"));
    expect(String(await great)).toBe("body");
    await small;
    expect((await client.get(objectId(1), { maxBytes: 4 })).length).toBe(4);
  });

  it("gives a missing object up by name, drops its late answer, and goes on", async () => {
    const { client } = await setUp();
    const started = performance.now();
    await expect(client.get(objectId(7), { timeoutMs: 50 })).rejects.toThrow(
      new RegExp(`^\\[timeout\\] object ${objectId(7)} is missing: nobody stored it within 50 ms$`),
    );
    expect(performance.now() - started).toBeGreaterThan(40);
    expect(client.pendingRequests).toBe(0);
    // The fake, like the real one, answers the read that nobody waits for any more.
    await client.set(objectId(7), Buffer.alloc(2 * MiB, 1));
    expect((await client.get(objectId(7))).length).toBe(2 * MiB);
  });

  it("refuses ids that are none", async () => {
    const { client, storage } = await setUp();
    for (const bad of ["", "AB".repeat(32), "ab".repeat(31), "../../etc"]) {
      await expect(client.get(bad)).rejects.toThrow(/^\[malformed\].*64 lower-case hex digits/);
      await expect(client.set(bad, Buffer.alloc(1))).rejects.toThrow(/^\[malformed\]/);
      await expect(client.delete([bad])).rejects.toThrow(/^\[malformed\]/);
    }
    expect(storage.requests).toEqual([]);
  });

  it("gives an object a second id", async () => {
    const { client, storage } = await setUp((request) => {
      if (request.header.requestType !== "duplicateObjectID") return false;
      request.answer(undefined, { responseType: "duplicateOK" });
      return true;
    });
    await client.duplicate(objectId(1), objectId(2));
    expect(storage.requests[0]).toMatchObject({ header: { objectId: objectId(2), payloadLength: 48 } });
    expect(storage.requests[0]?.payload?.subarray(16).toString("hex")).toBe(objectId(1));
  });

  it("holds sets back once enough bytes are on their way", async () => {
    const held: SeenRequest[] = [];
    const { client, storage } = await setUp((request) => held.push(request) > 0, {
      limits: { maxInFlightBytes: 2 * MiB },
    });
    const sets = [1, 2, 3, 4].map((byte) => client.set(objectId(byte), Buffer.alloc(MiB)));
    await storage.request(2);
    await after(30);
    expect(held.length).toBe(2);
    held[0]?.answer();
    await storage.request(3);
    held[1]?.answer();
    await storage.request(4);
    held[2]?.answer();
    held[3]?.answer();
    await Promise.all(sets);
  });

  it("gives the room of an abandoned set back when it is answered", async () => {
    const held: SeenRequest[] = [];
    const { client, storage } = await setUp((request) => held.push(request) > 0, { limits: { maxInFlightBytes: 10 } });
    await expect(client.set(objectId(1), Buffer.alloc(10), { timeoutMs: 30 })).rejects.toThrow(
      /^\[timeout\].*not confirmed/,
    );
    const second = client.set(objectId(2), Buffer.alloc(10));
    await after(20);
    expect(held).toHaveLength(1);
    held[0]?.answer();
    (await storage.request(2)).answer();
    await second;
  });

  it.each(["resetAndDestroy", "end"] as const)("sends again what awaited an answer (%s)", async (cut) => {
    const states: StorageLinkState[] = [];
    const { client, storage } = await setUp(
      (request) => {
        if (request.connection > 1) return false;
        if (storage.requests.length === 3) request.socket[cut]();
        return true;
      },
      { onLink: (state) => states.push(state) },
    );
    storage.objects.set(objectId(1), Buffer.from("one"));
    const [one, , deleted] = await Promise.all([
      client.get(objectId(1)),
      client.set(objectId(2), Buffer.from("two")),
      client.delete([objectId(3)]),
    ]);
    expect([String(one), String(storage.objects.get(objectId(2))), deleted]).toEqual(["one", "two", 0]);
    expect(types(storage).slice(3).sort()).toEqual(types(storage).slice(0, 3).sort());
    expect(new Set(storage.identities).size).toBe(2);
    expect(states[0]).toMatchObject({ up: false, reason: { code: "closed" } });
    expect(states.at(-1)).toEqual({ up: true });
  });

  it("does not send again what nobody waits for", async () => {
    const { client, storage } = await setUp((request) => request.connection === 1);
    await expect(client.set(objectId(1), Buffer.from("x"), { timeoutMs: 20 })).rejects.toThrow(/^\[timeout\]/);
    await expect(client.get(objectId(2), { timeoutMs: 20 })).rejects.toThrow(/^\[timeout\]/);
    storage.sockets[0]?.resetAndDestroy();
    await client.set(objectId(3), Buffer.from("y"));
    expect(storage.requests.filter(({ connection }) => connection === 2)).toHaveLength(1);
  });

  it("says unreachable, not missing, when the storage is gone", async () => {
    const { client, storage } = await setUp();
    await storage[Symbol.asyncDispose]();
    await expect(client.get(objectId(1), { timeoutMs: 100 })).rejects.toMatchObject({
      code: "unreachable",
      cause: expect.objectContaining({ name: "ProtocolError" }),
    });
  });

  it("finds out that a storage has gone without a word, and goes on with the next connection", async () => {
    const { client, storage } = await setUp(({ connection }) => connection === 1, { probeMs: 20 });
    storage.objects.set(objectId(1), Buffer.from("one"));
    expect(String(await client.get(objectId(1)))).toBe("one");
    expect(types(storage).slice(0, 2)).toEqual(["getObject", "deleteObject"]);
    expect(storage.identities).toHaveLength(2);
  });

  it("stays with a storage that is only waiting for an object", async () => {
    const { client, storage } = await setUp(undefined, { probeMs: 10 });
    await expect(client.get(objectId(1), { timeoutMs: 300 })).rejects.toThrow(/^\[timeout\].*is missing/);
    expect(storage.identities).toHaveLength(1);
  });

  it.each([
    ["another object", (request: SeenRequest) => request.answer(Buffer.from("x"), { objectId: objectId(99) })],
    ["another kind", (request: SeenRequest) => request.answer(undefined, { responseType: "setOK" })],
    ["a longer body than asked for", (request: SeenRequest) => request.answer(Buffer.alloc(20))],
    ["a body of another length", (request: SeenRequest) => request.answer(Buffer.alloc(3), { payloadLength: 4 })],
  ])("gives a connection up that answers with %s", async (_what, answer) => {
    const { client, storage } = await setUp((request) => {
      if (request.connection > 1) return false;
      answer(request);
      return true;
    });
    storage.objects.set(objectId(1), Buffer.from("right"));
    expect(String(await client.get(objectId(1), { maxBytes: 10 }))).toBe("right");
    expect(storage.identities).toHaveLength(2);
  });

  it("ignores answers to requests that were never made", async () => {
    const { client, storage } = await setUp((request) => {
      request.answer(Buffer.alloc(MiB), { responseId: 12_345 });
      return false;
    });
    storage.objects.set(objectId(1), Buffer.from("right"));
    expect(String(await client.get(objectId(1)))).toBe("right");
    expect(storage.identities).toHaveLength(1);
  });

  it("fails what awaits an answer when it is closed, and everything later", async () => {
    const { client, storage } = await setUp(undefined, { limits: { maxPendingRequests: 1 } });
    const waiting = [client.get(objectId(1)), client.get(objectId(2)), client.getStream(objectId(3))];
    const failing = Promise.all(waiting.map((each) => expect(each).rejects.toMatchObject({ code: "closed" })));
    await storage.request(2);
    await Promise.all([client.close(), client.close()]);
    await failing;
    await expect(client.get(objectId(1))).rejects.toMatchObject({ code: "closed" });
    await expect(client.set(objectId(1), Buffer.alloc(1))).rejects.toMatchObject({ code: "closed" });
    await eventually(() => storage.sockets.every((socket) => socket.destroyed)).toBe(true);
  });

  it("does not open without a storage", async () => {
    const server = await startServer((socket) => void socket.end());
    bed.add(server);
    const address = `tcp://127.0.0.1:${server.port}`;
    await expect(ObjectStorageClient.open(address, { identity: "me" })).rejects.toMatchObject({ code: "closed" });
    await expect(ObjectStorageClient.open("nonsense", { identity: "me" })).rejects.toMatchObject({ code: "address" });
  });
});
