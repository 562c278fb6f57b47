import { readFile } from "node:fs/promises";
import { Client, type ClientOptions, isClientError, taskFailure } from "@scaler-aws-hpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storedObjects } from "../../test-support/node-client/stored-objects.ts";
import { double, echo, fail, itemAndLength, later } from "../../test-support/node-client/tasks.ts";
import { TinyWorker } from "../../test-support/node-client/tiny-worker.ts";
import { type Cluster, type ClusterOptions, startCluster } from "../scaler/cluster.ts";

const MEGABYTE = 1024 * 1024;

async function trust(cluster: Cluster): Promise<Pick<ClientOptions, "tls">> {
  return cluster.caFile === undefined ? {} : { tls: { ca: await readFile(cluster.caFile) } };
}

const reasonOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );

const SETTINGS: readonly [string, ClusterOptions, number][] = [
  ["2.9.0", { release: "2.9.0", policy: "allocate=capability; scaling=no" }, 1_000],
  ["2.6.0", { release: "2.6.0", policy: "allocate=capability; scaling=no" }, 1_000],
  ["2.9.0 over ZeroMQ", { transport: "zmq" }, 100],
  ["2.9.0 over TLS", { transport: "tls" }, 100],
  ["2.9.0 over WebSocket", { transport: "ws" }, 100],
];

describe.each(SETTINGS)("a Node client of a %s scheduler", (_, options, many) => {
  let cluster: Cluster;
  let worker: TinyWorker;
  let tls: Pick<ClientOptions, "tls">;

  beforeAll(async () => {
    cluster = await startCluster(options);
    tls = await trust(cluster);
    worker = await TinyWorker.start(cluster.address, { storageAddress: cluster.storageAddress, ...tls });
  });
  afterAll(async () => {
    await worker?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const connect = (): Promise<Client> => Client.connect(cluster.address, { name: "test", ...tls });

  it(`submits ${many} tasks, whose module is uploaded and evaluated once`, async () => {
    await using client = await connect();
    const handles = Array.from({ length: many }, (_none, n) => client.submit(double, n));
    expect(await Promise.all(handles)).toEqual(handles.map((_handle, n) => 2 * n));
    expect(client.stats).toMatchObject({ submitted: many, succeeded: many, open: 0, uploadedObjects: 2 + many });
    expect(worker.modules.size).toBe(1);
  });

  it("maps in order, with what each task gets beside its input", async () => {
    await using client = await connect();
    const shared = await client.put(new Uint8Array(MEGABYTE));
    const results = await client.map(itemAndLength, Array(100).keys(), { args: [shared], concurrency: 16 }).toArray();
    expect(results).toEqual(Array.from({ length: 100 }, (_none, n) => [n, MEGABYTE]));
  });

  it("brings values there and back, and errors as they were thrown", async () => {
    await using client = await connect();
    const value = {
      when: new Date(0),
      big: 2n ** 70n,
      seen: new Set(["a"]),
      bytes: Buffer.from("abc"),
      none: undefined,
    };
    expect(await client.submit(echo, value)).toEqual(value);
    const failed = client.submit(fail, "bolts");
    const reason = await reasonOf(failed);
    expect(reason).toBeInstanceOf(Error);
    expect(reason).toMatchObject({
      name: "Shortage",
      message: "no bolts left",
      code: "E_SHORT",
      missing: new Map([["bolts", 3n]]),
      cause: new RangeError("0 is not enough"),
    });
    expect((reason as Error).stack).toMatch(/Shortage: no bolts left\n.*at/);
    expect(taskFailure(reason)).toEqual({ taskId: failed.id, task: "fail" });
    expect(() => client.submit(echo, { a: [() => 1] })).toThrow(
      /^\[uncloneable\] arguments\[0\]\.a\[0\] is a function/,
    );
  });

  it("has running tasks cancelled, and told by the reason of the signal", async () => {
    await using client = await connect();
    const running = client.submit(later, 60_000, "never");
    const stop = new AbortController();
    const stopped = client.with({ signal: stop.signal }).submit(later, 60_000, "never");
    expect(await client.submit(later, 1, "in between")).toBe("in between");
    stop.abort(new Error("not needed"));
    expect(await running.cancel()).toBe(true);
    expect(await reasonOf(running)).toMatchObject({ code: "canceled" });
    expect(await reasonOf(stopped)).toEqual(new Error("not needed"));
    expect([running.state, stopped.state]).toEqual(["canceled", "canceled"]);
    expect(worker.canceled).toEqual(expect.arrayContaining([running.id, stopped.id]));
  });

  it("passes priority on, gets profiles where asked for, and hears what tasks print", async () => {
    await using client = await connect();
    const heard: string[] = [];
    const handle = client
      .with({ priority: 9, profile: true, onOutput: (text, stream) => heard.push(`${stream}: ${text}`) })
      .submit(double, 1);
    expect(await handle).toBe(2);
    expect(worker.priorities.at(-1)).toBe(9);
    expect(handle.profile).toMatchObject({ peakMemoryBytes: 1 });
    expect(heard).toEqual(["stdout: printed\n"]);
    const plain = client.submit(double, 1);
    expect([await plain, plain.profile]).toEqual([2, undefined]);
  });

  it("cancels what is open when it is closed, and refuses more", async () => {
    const client = await connect();
    const open = client.submit(later, 60_000, "never");
    await client.submit(double, 1);
    await client.close();
    expect(await reasonOf(open)).toMatchObject({ code: "closed" });
    expect(worker.canceled).toContain(open.id);
    expect(() => client.submit(double, 1)).toThrow(/^\[closed\]/);
  });
});

describe("a Node client", () => {
  it("uploads 50 MB for 100 tasks once, and leaves nothing in the storage", async () => {
    await using cluster = await startCluster();
    await using worker = await TinyWorker.start(cluster.address, { storageAddress: cluster.storageAddress });
    const client = await Client.connect(cluster.address);
    const before = client.stats.uploadedBytes;
    const shared = await client.put(new Uint8Array(50 * MEGABYTE));
    const results = await client.map(itemAndLength, Array(100).keys(), { args: [shared] }).toArray();
    expect(results.every(([, length]) => length === 50 * MEGABYTE)).toBe(true);
    expect(client.stats.uploadedBytes - before).toBeGreaterThan(50 * MEGABYTE);
    expect(client.stats.uploadedBytes - before).toBeLessThan(50 * MEGABYTE + 100_000);
    const objects = worker.fetched.slice(0, 10);
    expect(await storedObjects(cluster.storageAddress, objects)).toBe(objects.length);
    await client.close();
    await expect.poll(() => storedObjects(cluster.storageAddress, objects), { timeout: 30_000 }).toBe(0);
  });

  it("fails what is open when the scheduler is lost", async () => {
    await using cluster = await startCluster();
    const client = await Client.connect(cluster.address);
    const open = client.submit(double, 1);
    const mapped = reasonOf(client.map(double, [1, 2, 3]).toArray());
    await cluster.scheduler.stop("SIGKILL");
    expect(await reasonOf(open)).toMatchObject({ code: "disconnected" });
    expect(await mapped).toMatchObject({ code: "disconnected" });
    expect(() => client.submit(double, 1)).toThrow(/^\[disconnected\] lost the scheduler tcp:/);
    await client.close();
  });

  it("tells whom it could not reach", async () => {
    const refused = await reasonOf(Client.connect("tcp://127.0.0.1:1", { connectTimeoutMs: 300 }));
    expect(isClientError(refused) && refused.message).toMatch(/^\[unavailable\] scheduler tcp:\/\/127\.0\.0\.1:1: /);
    expect(await reasonOf(Client.connect("nonsense"))).toMatchObject({ code: "config" });
    const stop = AbortSignal.timeout(50);
    expect(await reasonOf(Client.connect("tcp://127.0.0.1:1", { signal: stop }))).toBe(stop.reason);
  });

  it("shuts a cluster down, where the scheduler lets it", async () => {
    await using cluster = await startCluster();
    const client = await Client.connect(cluster.address);
    await client.shutdown();
    expect((await cluster.scheduler.exited).signal).toBeNull();
    await using guarded = await startCluster({ protected: true });
    await using other = await Client.connect(guarded.address);
    await expect(other.shutdown()).rejects.toThrow(/^\[runtime\] the scheduler is protected/);
  });
});
