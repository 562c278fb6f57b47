import { join } from "node:path";
import { Client } from "@scaler-aws-hpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storedObjects } from "../../test-support/node-client/stored-objects.ts";
import { double, later } from "../../test-support/node-client/tasks.ts";
import { TinyWorker } from "../../test-support/node-client/tiny-worker.ts";
import { ChildProgram } from "../scaler/child-program.ts";
import { type Cluster, startCluster } from "../scaler/cluster.ts";
import { startFaultProxy } from "../scaler/fault-proxy.ts";
import { nodeProgram } from "../scaler/repository.ts";

const CLIENT_TIMEOUT_SECONDS = 3;

let cluster: Cluster;
let worker: TinyWorker;

beforeAll(async () => {
  cluster = await startCluster({ schedulerArgs: ["--client-timeout-seconds", String(CLIENT_TIMEOUT_SECONDS)] });
  worker = await TinyWorker.start(cluster.address, { storageAddress: cluster.storageAddress });
});
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const reasonOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe("a Node client on a bad network", () => {
  it.each(["rst", "fin"] as const)("fails what is open when its link to the scheduler is cut (%s)", async (how) => {
    await using proxy = await startFaultProxy({ targetPort: cluster.schedulerPort });
    await using client = await Client.connect(`tcp://127.0.0.1:${proxy.port}`);
    const open = client.submit(later, 600_000, "never");
    await client.submit(double, 1);
    proxy.cut(how);
    expect(await reasonOf(open)).toMatchObject({ code: "disconnected" });
  });

  it("gives a silent scheduler up", async () => {
    await using proxy = await startFaultProxy({ targetPort: cluster.schedulerPort });
    const address = `tcp://127.0.0.1:${proxy.port}`;
    await using client = await Client.connect(address, { heartbeatIntervalMs: 100, timeoutMs: 1_000 });
    const open = client.submit(later, 600_000, "never");
    await client.submit(double, 1);
    proxy.blackHole();
    expect(await reasonOf(open)).toMatchObject({
      code: "disconnected",
      message: expect.stringContaining("silent for 1000 ms"),
    });
    await client.close({ timeoutMs: 100 });
  });

  it("fails what is open after its program computed for longer than the scheduler waits", async () => {
    const timeoutMs = CLIENT_TIMEOUT_SECONDS * 1_000;
    await using client = await Client.connect(cluster.address, { heartbeatIntervalMs: 100, timeoutMs });
    const open = client.submit(later, 600_000, "never");
    await client.submit(double, 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs + 3_000);
    expect(await reasonOf(open)).toMatchObject({
      code: "disconnected",
      message: expect.stringMatching(/this program did nothing else for \d+ ms, and after 3000 ms without a heartbeat/),
    });
    // It did.
    await expect.poll(() => cluster.scheduler.logs.text).toContain(`${client.identity}) disconnected`);
    await client.close({ timeoutMs: 100 });
  });

  it("goes on when its link to the object storage is cut, again and again", async () => {
    await using proxy = await startFaultProxy({ targetPort: cluster.storagePort });
    const objectStorageAddress = `tcp://127.0.0.1:${proxy.port}`;
    await using client = await Client.connect(cluster.address, { objectStorageAddress });
    let ended = 0;
    const cut = ({ succeeded }: { readonly succeeded: number }): void => {
      if (succeeded >= ended + 100) {
        ended = succeeded;
        proxy.cut("rst");
      }
    };
    const results = await client.map(double, Array(500).keys(), { concurrency: 50, onProgress: cut }).toArray();
    expect(results).toEqual(Array.from({ length: 500 }, (_, n) => 2 * n));
    expect(proxy.accepted).toBeGreaterThan(3);
  });
});

describe("a Node client that dies", () => {
  it("has its tasks cancelled and its objects deleted, and disturbs nobody", async () => {
    const before = worker.fetched.length;
    await using other = await Client.connect(cluster.address);
    const file = join(import.meta.dirname, "..", "..", "test-support", "node-client", "dying-client.ts");
    await using dying = await ChildProgram.start({
      name: "dying client",
      file: nodeProgram(),
      args: ["--conditions=@scaler-aws-hpc/source", file, cluster.address],
      cwd: cluster.folder,
    });
    await expect.poll(() => dying.stdout.text, { timeout: 30_000 }).toContain("submitted");
    await expect.poll(() => worker.fetched.length, { timeout: 30_000 }).toBe(before + 2 + 1 + 20);
    const objects = worker.fetched.slice(before);
    const canceled = worker.canceled.length;
    dying.kill("SIGKILL");
    // Tasks of clients that lost their links in the tests above may be given up by the scheduler meanwhile: those come on top.
    await expect.poll(() => worker.canceled.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(canceled + 20);
    expect(await other.submit(double, 4)).toBe(8);
    await expect.poll(() => storedObjects(cluster.storageAddress, objects), { timeout: 30_000 }).toBe(0);
  });
});
