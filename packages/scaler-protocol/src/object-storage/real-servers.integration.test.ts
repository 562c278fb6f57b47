import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../test-support/eventually.ts";
import { Listener } from "../../test-support/listener.ts";
import { programs, type RealServers, startServers } from "../../test-support/real-servers.ts";
import { decodeMessage } from "../codec/decode-message.ts";
import { encodeMessage } from "../codec/encode-message.ts";
import { connect } from "../transport/connect.ts";
import { ObjectStorageClient } from "./object-storage-client.ts";

const MiB = 1024 * 1024;

const cases = [
  { release: "2.9.0", scheme: "tcp", backend: "ymq" },
  { release: "2.9.0", scheme: "tls", backend: "ymq" },
  { release: "2.9.0", scheme: "ws", backend: "ymq" },
  { release: "2.9.0", scheme: "wss", backend: "ymq" },
  { release: "2.9.0", scheme: "tcp", backend: "zmq" },
  { release: "2.6.0", scheme: "tcp", backend: "ymq" },
  { release: "2.3.5", scheme: "tcp", backend: "ymq" },
] as const;

const newId = (): string => randomBytes(32).toString("hex");

describe.each(cases)("Scaler $release over $scheme, $backend", ({ release, scheme, backend }) => {
  const bin = programs(release);
  let servers: RealServers;
  let client: ObjectStorageClient;

  beforeAll(async () => {
    if (bin === undefined) return;
    servers = await startServers(bin, scheme, backend);
    client = await ObjectStorageClient.open(servers.storage, { identity: "test", tls: { ca: servers.ca ?? "" } });
  });
  afterAll(async () => {
    await client?.close();
    await servers?.[Symbol.asyncDispose]();
  });

  const check = (name: string, run: () => Promise<void>): void =>
    it(name, async ({ skip }) => {
      if (bin === undefined) skip(`Scaler ${release} is not installed; npm test installs it`);
      await run();
    });

  check("stores, reads and deletes objects of 0 B, 1 KB and 50 MB", async () => {
    for (const size of [0, 1_000, 50 * MiB]) {
      const id = newId();
      const body = randomBytes(size);
      await client.set(id, body);
      expect((await client.get(id)).equals(body)).toBe(true);
      expect(await client.delete([id, newId()])).toBe(1);
      await expect(client.get(id, { timeoutMs: 200 })).rejects.toMatchObject({ code: "timeout" });
    }
  });

  check("streams both ways", async () => {
    const id = newId();
    const body = randomBytes(30 * MiB);
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < body.length; at += 700_000) yield body.subarray(at, at + 700_000);
    };
    await client.set(id, { size: body.length, stream: pieces() });
    await using stream = await client.getStream(id);
    expect(stream.size).toBe(body.length);
    let at = 0;
    for await (const chunk of stream) {
      expect(body.subarray(at, at + chunk.length).equals(chunk)).toBe(true);
      at += chunk.length;
    }
    expect(at).toBe(body.length);
    await expect(client.getStream(id, { maxBytes: 1_000 })).rejects.toMatchObject({ code: "limit" });
    await expect(client.get(id, { maxBytes: 1_000 })).rejects.toMatchObject({ code: "limit" });
    await client.delete([id]);
  });

  check("waits for an object that comes later, and gives it a second id", async () => {
    const [id, second] = [newId(), newId()];
    const early = [client.get(id), client.get(id)];
    const duplicated = client.duplicate(id, second);
    await client.set(id, Buffer.from("late"));
    expect((await Promise.all(early)).map(String)).toEqual(["late", "late"]);
    await duplicated;
    expect(String(await client.get(second))).toBe("late");
    expect(await client.delete([id, second])).toBe(2);
  });

  check("leaves in the middle of transfers without harm", async () => {
    const id = newId();
    await client.set(id, Buffer.alloc(30 * MiB));
    for await (const _chunk of await client.getStream(id)) break;
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100_000);
      throw new Error("gone");
    };
    await expect(client.set(newId(), { size: MiB, stream: broken() })).rejects.toThrow("gone");
    expect(await client.delete([id])).toBe(1);
  });

  check("many small objects at once", async () => {
    const ids = Array.from({ length: 3_000 }, newId);
    await Promise.all(ids.map((id) => client.set(id, Buffer.from(id))));
    const bodies = await Promise.all(ids.map((id) => client.get(id)));
    expect(bodies.map(String)).toEqual(ids);
    expect(await client.delete(ids)).toBe(3_000);
  });

  check("the scheduler hears a manager and answers", async () => {
    const magic = client.magic;
    if (magic === undefined) throw new Error("the storage's greeting tells the numbering");
    const listener = new Listener();
    await using connection = await connect(servers.scheduler, {
      identity: `Manager|${newId().slice(0, 8)}`,
      ...listener,
      tls: { ca: servers.ca ?? "" },
    });
    expect(connection).toMatchObject({ transport: backend, magic: backend === "zmq" ? undefined : magic });
    const beat = { maxTaskConcurrency: 1, capabilities: [], workerManagerId: "test" };
    connection.send(encodeMessage({ kind: "workerManagerHeartbeat", ...beat }, magic));
    const [frame] = await listener.received(1);
    if (frame === undefined) throw new Error("no answer");
    expect(decodeMessage(frame, magic).kind).toBe("workerManagerHeartbeatEcho");
  });

  check("goes on after the storage was restarted", async () => {
    const waiting = client.get(newId(), { timeoutMs: 60_000 });
    const failed = expect(waiting).rejects.toMatchObject({ code: "closed" });
    await servers.restartStorage();
    const id = newId();
    await client.set(id, Buffer.from("again"));
    expect(String(await client.get(id))).toBe("again");
    await client.close();
    await failed;
    await eventually(() => client.pendingRequests).toBe(0);
  });
});
