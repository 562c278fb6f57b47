import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "@scaler-aws-hpc/adapter-core";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FakeS3 } from "../fake-s3/index.ts";
import { awsEnvironment, withEnvironment } from "./s3-place.ts";

const MIB = 1024 * 1024;
const quiet = (): void => undefined;
// Pauses that take no time: how long they are is tested beside the store.
const clock = { now: systemClock.now, sleep: async () => new Promise<void>((resolve) => setImmediate(resolve)) };
const host = { clock, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } };
const bytes = (text: string): Buffer => Buffer.from(text);

let fake: FakeS3;
let environment: Disposable;
let store: S3PayloadStore;

beforeAll(async () => {
  fake = await FakeS3.start({ buckets: ["payloads"] });
  environment = withEnvironment(awsEnvironment(fake.endpoint, "us-east-1"));
});

beforeEach(async () => {
  store = await S3PayloadStore.open({ bucket: "payloads" }, host);
  fake.resetCounts();
});

afterEach(async () => {
  fake.faults.clear();
  await store[Symbol.asyncDispose]();
  for (const key of fake.keys()) fake.delete("payloads", key);
});

afterAll(async () => {
  environment?.[Symbol.dispose]();
  await fake?.[Symbol.asyncDispose]();
});

const stored = (key: string): string | undefined => fake.get("payloads", `scaler-tasks/${key}`)?.toString();

describe("a conditional put whose answer is lost", () => {
  it("was stored when it was", async () => {
    fake.faults.add({ fault: "lost-response", operations: ["PutObject"], times: 2 });
    const put = await store.put("k", bytes("mine"), { if: "absent" });
    expect(put).toEqual({ stored: true, etag: (await store.get("k"))?.etag });
    expect(fake.counts()).toMatchObject({ PutObject: 3, HeadObject: 1 });
  });

  it("was not stored when another one wrote the very same bytes first", async () => {
    await store.put("k", bytes("same"), { if: "absent" });
    fake.faults.add({ fault: "lost-request", operations: ["PutObject"], times: 1 });
    expect(await store.put("k", bytes("same"), { if: "absent" })).toEqual({ stored: false });
  });

  it("costs no question when the answer is clear", async () => {
    await store.put("k", bytes("first"), { if: "absent" });
    expect(await store.put("k", bytes("second"), { if: "absent" })).toEqual({ stored: false });
    expect(fake.counts()).toEqual({ PutObject: 2 });
  });

  it("was stored also when others have replaced it by compare-and-set since", async () => {
    await using other = await S3PayloadStore.open({ bucket: "payloads" }, host);
    const first = await store.put("lease", bytes("epoch 0"), { if: "absent" });
    if (!first.stored) throw new Error("the key was taken");
    fake.faults.add({ fault: "lost-response", operations: ["PutObject"], times: 1 });
    let replaced = 0;
    const between = {
      ...clock,
      // In the pause before the repetition.
      sleep: async () => {
        for (; replaced < 3; replaced += 1) {
          const { etag = "" } = (await other.get("lease")) ?? {};
          expect(await other.put("lease", bytes(`other ${replaced}`), { if: { etag } })).toMatchObject({
            stored: true,
          });
        }
      },
    };
    await using slow = await S3PayloadStore.open({ bucket: "payloads" }, { ...host, clock: between });
    const put = await slow.put("lease", bytes("mine"), { if: { etag: first.etag } });
    expect([put.stored, replaced, stored("lease")]).toEqual([true, 3, "other 2"]);
    // It is not what is there now.
    expect(await slow.put("lease", bytes("again"), { if: { etag: put.stored ? put.etag : "" } })).toEqual({
      stored: false,
    });
  });

  it("is told truly for an upload in parts", async () => {
    fake.faults.add({ fault: "lost-response", operations: ["CompleteMultipartUpload"], times: 1 });
    const put = await store.put("big", Buffer.alloc(9 * MIB, 1), { if: "absent" });
    expect(put).toEqual({ stored: true, etag: (await store.get("big"))?.etag });
    expect(await store.put("big", Buffer.alloc(9 * MIB, 1), { if: "absent" })).toEqual({ stored: false });
    expect(fake.openUploads()).toEqual([]);
  });

  it("repeats a conflict until it is decided", async () => {
    fake.faults.add({ fault: "conflict", operations: ["PutObject"], times: 10 });
    expect(await store.put("k", bytes("mine"), { if: "absent" })).toMatchObject({ stored: true });
  });
});

describe("an upload in parts", () => {
  const stream = async function* (pieces: number, fail?: Error): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < pieces; i += 1) yield Buffer.alloc(MIB, i);
    if (fail !== undefined) throw fail;
  };

  it("sends some parts at once and repeats those that fail", async () => {
    fake.faults.add({ fault: "lost-request", operations: ["UploadPart"], times: 2 });
    fake.faults.add({ fault: "slow-down", operations: ["UploadPart"], times: 2 });
    const sha256 = createHash("sha256");
    for (let i = 0; i < 20; i += 1) sha256.update(Buffer.alloc(MIB, i));
    await store.put("big", { size: 20 * MIB, stream: stream(20), sha256: sha256.digest("hex") });
    expect(fake.counts()).toMatchObject({ CreateMultipartUpload: 1, UploadPart: 7, CompleteMultipartUpload: 1 });
    expect((await store.get("big", { range: { start: 10 * MIB - 1, end: 10 * MIB + 1 } }))?.body).toEqual(
      Buffer.from([9, 10]),
    );
  });

  it("leaves no parts behind when its stream fails, lies, or is given up", async () => {
    const broken = new Error("the source broke");
    await expect(store.put("big", { size: 40 * MIB, stream: stream(20, broken) })).rejects.toBe(broken);
    const lying = { size: 20 * MIB, stream: stream(20), sha256: "0".repeat(64) };
    await expect(store.put("big", lying)).rejects.toThrow(/^\[corrupt\]/);
    await expect(store.put("big", { size: 19 * MIB, stream: stream(20) })).rejects.toThrow(/^\[corrupt\]/);
    const stop = new AbortController();
    const waiting = (async function* () {
      yield* stream(20);
      await new Promise(() => undefined);
    })();
    const put = store.put("big", { size: 40 * MIB, stream: waiting }, { signal: stop.signal });
    setTimeout(() => stop.abort(broken), 50);
    await expect(put).rejects.toBe(broken);
    expect([fake.keys(), fake.openUploads()]).toEqual([[], []]);
  });

  it("leaves no parts behind when the condition does not hold", async () => {
    await store.put("big", bytes("first"));
    expect(await store.put("big", Buffer.alloc(9 * MIB), { if: "absent" })).toEqual({ stored: false });
    expect([fake.keys(), fake.openUploads()]).toEqual([["scaler-tasks/big"], []]);
  });

  it("names the permission that is missing, and leaves nothing", async () => {
    fake.faults.add({ fault: "access-denied", operations: ["UploadPart"] });
    const put = store.put("big", Buffer.alloc(9 * MIB));
    await expect(put).rejects.toThrow(/^\[denied\] put part \d of big: s3:PutObject on bucket payloads is denied/);
    expect([fake.keys(), fake.openUploads()]).toEqual([[], []]);
  });
});

describe("a read", () => {
  it("of an answer that breaks off begins again", async () => {
    await store.put("k", Buffer.alloc(MIB, 7));
    fake.faults.add({ fault: "truncated", operations: ["GetObject"], times: 3 });
    expect((await store.get("k"))?.body).toEqual(Buffer.alloc(MIB, 7));
    expect(fake.counts()).toMatchObject({ GetObject: 4 });
  });

  it("of an answer that always breaks off, or never comes, fails with a code that says it may pass", async () => {
    await store.put("k", Buffer.alloc(MIB, 7));
    fake.faults.add({ fault: "truncated", operations: ["GetObject"] });
    await expect(store.get("k")).rejects.toThrow(/^\[unavailable\] get k: bucket payloads: /);
    expect(fake.counts()).toMatchObject({ GetObject: 6 });
    await using hasty = await S3PayloadStore.open({ bucket: "payloads", timeoutMs: 300, attempts: 2 }, host);
    fake.faults.clear();
    fake.faults.add({ fault: "stall", operations: ["GetObject"] });
    await expect(hasty.get("k")).rejects.toThrow(/^\[unavailable\] get k: .*exceeded the configured 300 ms/);
    expect(fake.counts()).toMatchObject({ GetObject: 8 });
  });

  it("is one request, as are a small put, a list of a page, and a deletion of many", async () => {
    await store.put("k", bytes("x"));
    await store.get("k");
    await store.get("none");
    for await (const _ of store.list("")) await pause(0);
    await store.delete(Array.from({ length: 900 }, (_, i) => `k${i}`));
    expect(fake.counts()).toEqual({ PutObject: 1, GetObject: 2, ListObjectsV2: 1, DeleteObjects: 1 });
  });
});

describe("permissions and places", () => {
  it.each([
    ["GetObject", "s3:GetObject", () => store.get("k")],
    ["PutObject", "s3:PutObject", () => store.put("k", bytes("x"))],
    ["DeleteObjects", "s3:DeleteObject", () => store.delete(["k"])],
  ] as const)("names what is missing for %s", async (operation, action, call) => {
    fake.faults.add({ fault: "access-denied", operations: [operation] });
    await expect(call()).rejects.toThrow(`${action} on bucket payloads is denied`);
    expect(fake.counts()).toEqual({ [operation]: 1 });
  });

  it("refuses a bucket of another account, and one that is not there, at once", async () => {
    const other = S3PayloadStore.open({ bucket: "payloads", owner: "999999999999" }, host);
    await expect(other).rejects.toThrow(/^\[denied\] .*s3:ListBucket .* or the bucket is not of account 999999999999/);
    await expect(S3PayloadStore.open({ bucket: "nothing" }, host)).rejects.toThrow(/^\[config\] .*does not exist/);
  });
});
