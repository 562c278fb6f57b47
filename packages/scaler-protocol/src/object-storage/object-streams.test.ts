import { setTimeout as after } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../../test-support/eventually.ts";
import { objectId, type SeenRequest } from "../../test-support/fake-storage.ts";
import { StorageBed } from "../../test-support/storage-bed.ts";

const MiB = 1024 * 1024;
const bed = new StorageBed();
const setUp = bed.open.bind(bed);
afterEach(() => bed[Symbol.asyncDispose]());

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* pieces(body: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

const patterned = (length: number): Buffer => {
  const body = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) body.writeUInt32LE(i, i);
  return body;
};

describe("getStream", () => {
  it.each([0, 1, 5 * MiB])("brings an object of %i bytes", async (length) => {
    const { client, storage } = await setUp();
    const body = patterned(length);
    storage.objects.set(objectId(1), body);
    const stream = await client.getStream(objectId(1));
    expect(stream.size).toBe(length);
    expect((await gather(stream)).equals(body)).toBe(true);
    await expect(gather(stream)).rejects.toThrow(/can be read once/);
    await eventually(() => storage.sockets[1]?.destroyed).toBe(true);
  });

  it("makes the storage wait while nobody takes, and everything else goes on", async () => {
    const { client, storage } = await setUp();
    storage.objects.set(objectId(1), patterned(64 * MiB));
    storage.objects.set(objectId(2), Buffer.from("small"));
    const stream = await client.getStream(objectId(1));
    await after(100);
    expect(storage.sockets[1]?.writableLength).toBeGreaterThan(MiB);
    expect(String(await client.get(objectId(2)))).toBe("small");
    expect((await gather(stream)).equals(patterned(64 * MiB))).toBe(true);
  });

  it("ends the transfer when its reader leaves, disposes or aborts", async () => {
    const { client, storage } = await setUp();
    storage.objects.set(objectId(1), Buffer.alloc(64 * MiB));
    const left = await client.getStream(objectId(1));
    for await (const _chunk of left) break;
    const disposed = await client.getStream(objectId(1));
    await disposed[Symbol.asyncDispose]();
    const stop = new AbortController();
    const aborted = await client.getStream(objectId(1), { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(gather(aborted)).rejects.toThrow("enough");
    await eventually(() => storage.sockets.slice(1).map((socket) => socket.destroyed)).toEqual([true, true, true]);
  });

  it("gives a missing object up by name", async () => {
    const { client, storage } = await setUp();
    await expect(client.getStream(objectId(1), { timeoutMs: 50 })).rejects.toThrow(
      /^\[timeout\] object 0101.*is missing/,
    );
    await eventually(() => storage.sockets[1]?.destroyed).toBe(true);
  });

  it("refuses an object longer than accepted", async () => {
    const { client, storage } = await setUp();
    storage.objects.set(objectId(1), Buffer.alloc(11));
    await expect(client.getStream(objectId(1), { maxBytes: 10 })).rejects.toThrow(
      /^\[limit\].*longer than the 10 bytes/,
    );
    expect((await client.getStream(objectId(1), { maxBytes: 11 })).size).toBe(11);
  });

  it("asks again when the connection breaks before the body, and fails when it breaks in it", async () => {
    const { client, storage } = await setUp((request) => {
      if (request.connection === 2) request.socket.resetAndDestroy();
      if (request.connection === 3) {
        request.answer(Buffer.alloc(10), { payloadLength: 10 });
        return true;
      }
      if (request.connection === 4) {
        request.answer(Buffer.alloc(0), { payloadLength: 20 });
        setTimeout(
          () => request.socket.write(Buffer.concat([Buffer.from([20, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(5)])),
          10,
        );
        setTimeout(() => request.socket.resetAndDestroy(), 40);
        return true;
      }
      return request.connection === 2;
    });
    expect((await gather(await client.getStream(objectId(1)))).length).toBe(10);
    await expect(client.getStream(objectId(1)).then(gather)).rejects.toMatchObject({ code: "closed" });
    expect(storage.identities).toHaveLength(4);
  });

  it("runs a bounded number of streams", async () => {
    const { client, storage } = await setUp(undefined, { limits: { maxStreams: 1 } });
    storage.objects.set(objectId(1), Buffer.alloc(32 * MiB));
    const first = await client.getStream(objectId(1));
    await expect(client.getStream(objectId(1), { timeoutMs: 30 })).rejects.toMatchObject({ code: "timeout" });
    expect(storage.identities).toHaveLength(2);
    await first[Symbol.asyncDispose]();
    expect((await client.getStream(objectId(1))).size).toBe(32 * MiB);
  });
});

describe("set with a stream", () => {
  it.each([0, 3, 9 * MiB])("stores %i bytes", async (size) => {
    const { client, storage } = await setUp();
    const body = patterned(size);
    await client.set(objectId(1), { size, stream: pieces(body, 300_000) });
    expect(storage.objects.get(objectId(1))?.equals(body)).toBe(true);
    await eventually(() => storage.sockets[1]?.destroyed).toBe(true);
  });

  it("waits for the storage's word", async () => {
    const held: SeenRequest[] = [];
    const { client, storage } = await setUp((request) => held.push(request) > 0);
    let done = false;
    const set = client.set(objectId(1), { size: 3, stream: pieces(Buffer.from("abc"), 1) }).then(() => {
      done = true;
    });
    const request = await storage.request(1);
    await after(20);
    expect(done).toBe(false);
    request.answer();
    await set;
  });

  it("stores nothing of a body with another length, or whose source fails", async () => {
    const { client, storage } = await setUp();
    const short = { size: 10, stream: pieces(Buffer.from("abc"), 1) };
    await expect(client.set(objectId(1), short)).rejects.toThrow(/^\[malformed\].*10 bytes gave 3/);
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("a");
      throw new Error("disk");
    };
    await expect(client.set(objectId(1), { size: 10, stream: failing() })).rejects.toThrow("disk");
    await after(20);
    expect(storage.objects.size).toBe(0);
  });

  it("fails with its connection, its signal and its time limit", async () => {
    const { client } = await setUp((request) => {
      if (request.connection === 2) request.socket.resetAndDestroy();
      return true;
    });
    const body = (): { size: number; stream: AsyncIterable<Uint8Array> } => ({
      size: 3,
      stream: pieces(Buffer.from("abc"), 1),
    });
    await expect(client.set(objectId(1), body())).rejects.toMatchObject({ code: "closed" });
    await expect(client.set(objectId(1), body(), { timeoutMs: 30 })).rejects.toThrow(/^\[timeout\].*not confirmed/);
    await expect(client.set(objectId(1), body(), { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });
});
