import { randomFillSync } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, taskFailure } from "@scaler-aws-hpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCountingProxy } from "../../test-support/node-client/counting-proxy.ts";
import { markAndWait } from "../../test-support/node-client/marking-task.ts";
import { type Backend, type Place, SLOTS, startPlace } from "../../test-support/node-client/place.ts";
import { double, echo, fail, itemAndLength } from "../../test-support/node-client/tasks.ts";
import { square } from "../../test-support/runner-node/tasks.ts";
import { ChildProgram, nodeProgram, type Release, runClient } from "../scaler/index.ts";

/** A scheduler of 2.6.0 cancels what a dead client left running without force, so it runs to its end; from 2.9.0 on it ends at once. */
const DYING_TASK_MS: Readonly<Partial<Record<Release, number>>> = { "2.6.0": 1_000, "2.9.0": 600_000 };
const SHARED_BYTES = 50_000_000;
/** What messages and small objects may add to a large one. */
const SMALL_CHANGE = 1_000_000;

const codeOf = async (run: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return await run;
  } catch (reason) {
    return (reason as { readonly code?: unknown }).code;
  }
};

const LONG = 10_000;
// What takes long is done where a release and a backend are met for the first time.
const SETTINGS: readonly [Backend, Release, number][] = [
  ["local", "2.9.0", LONG],
  ["batch", "2.6.0", LONG],
  ["local", "2.6.0", 500],
  ["batch", "2.9.0", 500],
];

describe.each(SETTINGS)("a Node client, our manager with the backend %s, and Scaler %s", (backend, release, many) => {
  let place: Place;
  let folder: string;

  beforeAll(async () => {
    place = await startPlace(backend, release);
    folder = await mkdtemp(join(tmpdir(), "node-client-"));
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const running = async (): Promise<number> => (await readdir(folder)).length;

  it("submits 1,000 tasks", async () => {
    await using client = await Client.connect(place.cluster.address);
    const handles = Array.from({ length: 1_000 }, (_, n) => client.submit(double, n));
    expect(await Promise.all(handles)).toEqual(handles.map((_handle, n) => 2 * n));
  });

  it(`maps over ${many}`, async () => {
    await using client = await Client.connect(place.cluster.address);
    const results = await client.map(double, Array(many).keys()).toArray();
    expect(results).toEqual(Array.from({ length: many }, (_, n) => 2 * n));
  }, 240_000);

  const sharesOnce = async (): Promise<void> => {
    await using proxy = await startCountingProxy(place.cluster.storagePort);
    await using client = await Client.connect(place.cluster.address, { objectStorageAddress: proxy.address });
    const before = place.traffic.received;
    place.aws?.s3?.resetCounts();
    const shared = await client.put(randomFillSync(new Uint8Array(SHARED_BYTES)));
    const results = await client.map(itemAndLength, Array(100).keys(), { args: [shared] }).toArray();
    expect(results).toEqual(Array.from({ length: 100 }, (_, n) => [n, SHARED_BYTES]));
    expect(proxy.sent).toBeGreaterThan(SHARED_BYTES);
    expect(proxy.sent).toBeLessThan(SHARED_BYTES + SMALL_CHANGE);
    expect(place.traffic.received - before).toBeLessThan(SHARED_BYTES + SMALL_CHANGE);
    // It is above what is sent in one request.
    if (place.aws !== undefined) expect(place.aws.s3?.counts().CreateMultipartUpload).toBe(1);
  };
  if (many === LONG) it("uploads 50 MB for 100 tasks once, and the manager reads them once", sharesOnce);

  it("brings errors with their own fields", async () => {
    await using client = await Client.connect(place.cluster.address);
    const failed = client.submit(fail, "bolts");
    const reason: unknown = await failed.catch((error: unknown) => error);
    expect(reason).toMatchObject({ name: "Shortage", code: "E_SHORT", missing: new Map([["bolts", 3n]]) });
    expect(reason).toMatchObject({ cause: new RangeError("0 is not enough") });
    expect(taskFailure(reason)).toEqual({ taskId: failed.id, task: "fail" });
  });

  const runsBesidePython = async (): Promise<void> => {
    await using client = await Client.connect(place.cluster.address);
    const python = runClient(place.cluster, "mixed_client.py", ["--tasks", "500"]);
    const values = await Promise.all(Array.from({ length: 500 }, (_, n) => client.submit(square, n)));
    expect(values).toEqual(Array.from({ length: 500 }, (_, n) => [n * n, "node"]));
    expect((await python).lines).toEqual([{ results: 500, wrong: [], by: ["cpython"] }]);
    const jobs = place.aws?.jobs().map(({ spec }) => {
      const [, runner] = /:(node|python):/.exec(spec.parameters["compressed"] ?? "") ?? [];
      return `${runner} by ${spec.definition.name}`;
    });
    // A job for both would have failed: each runner refuses what is for another one.
    if (jobs !== undefined) expect(new Set(jobs)).toEqual(new Set(["node by node-job", "python by python-job"]));
  };
  // On 2.9.0 the tests of the Node runner do this.
  if (release === "2.6.0") it("runs 500 tasks beside 500 of a Python client, and no job has both", runsBesidePython);

  it("cancels tasks that run and tasks that wait", async () => {
    await using client = await Client.connect(place.cluster.address);
    const before = await running();
    const handles = Array.from({ length: SLOTS }, (_, n) => client.submit(markAndWait, join(folder, `first-${n}`)));
    await expect.poll(running, { timeout: 30_000 }).toBe(before + SLOTS);
    const waiting = Array.from({ length: 20 }, (_, n) => client.submit(echo, n));
    const ends = await Promise.all([...waiting, ...handles].map((handle) => handle.cancel()));
    expect(ends).toEqual(ends.map(() => true));
    const codes = await Promise.all([...waiting, ...handles].map(codeOf));
    expect(new Set(codes)).toEqual(new Set(["canceled"]));
    // The slots are free again.
    expect(await client.submit(double, 4)).toBe(8);
  });
});

// Silence of a client that a scheduler takes for its death: short, as this is waited for.
const SILENCE_SECONDS = 3;

it.for(SETTINGS)(
  "a Node client may die: its tasks end, and others go on, with the backend %s and Scaler %s",
  async ([backend, release]) => {
    await using place = await startPlace(backend, release, SILENCE_SECONDS);
    const file = join(import.meta.dirname, "..", "..", "test-support", "node-client", "dying-client.ts");
    await using dying = await ChildProgram.start({
      name: "dying client",
      file: nodeProgram(),
      args: ["--conditions=@scaler-aws-hpc/source", file, place.cluster.address, String(DYING_TASK_MS[release])],
      cwd: place.cluster.folder,
    });
    await expect.poll(() => dying.stdout.text, { timeout: 30_000 }).toContain("submitted");
    dying.kill("SIGKILL");
    await using other = await Client.connect(place.cluster.address);
    // All slots had its tasks, and as many as make 6 rounds waited.
    expect(await other.map(double, Array(20).keys()).toArray()).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n));
    if (place.aws !== undefined) {
      await expect.poll(() => place.aws?.liveJobs(), { timeout: 30_000 }).toEqual([]);
    }
  },
);
