import { request } from "node:http";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeS3, type FakeS3Options } from "./fake-s3.ts";

const Bucket = "emulator-bucket";
const MIB = 1024 * 1024;
let fake: FakeS3;
let s3: S3Client;

async function open(options: FakeS3Options = {}): Promise<void> {
  fake = await FakeS3.start(options);
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "test" };
  s3 = new S3Client({ endpoint: fake.endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
}
async function close(): Promise<void> {
  s3.destroy();
  await fake[Symbol.asyncDispose]();
}
beforeEach(async () => await open());
afterEach(close);

const put = (Key: string, Body: string, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const text = async (Key: string, more: object = {}): Promise<string | undefined> =>
  await (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString();
const status = (httpStatusCode: number): object => ({ $metadata: { httpStatusCode } });

describe("objects", () => {
  it("are stored and read, whole and in ranges, under odd names too", async () => {
    const Key = "a/b c+d%25/é&<'>";
    await put(Key, "hello world", { ContentType: "text/x-test", Metadata: { one: "two" } });
    expect(fake.keys()).toEqual([Key]);
    expect(await text(Key)).toBe("hello world");
    expect(await text(Key, { Range: "bytes=2-4" })).toBe("llo");
    expect(await text(Key, { Range: "bytes=6-" })).toBe("world");
    expect(await text(Key, { Range: "bytes=-3" })).toBe("rld");
    expect(await text(Key, { Range: "bytes=8-100" })).toBe("rld");
    await expect(text(Key, { Range: "bytes=11-" })).rejects.toMatchObject({ name: "InvalidRange", ...status(416) });
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ContentLength: 11, ContentType: "text/x-test", Metadata: { one: "two" } });
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await expect(text(Key)).rejects.toMatchObject({ name: "NoSuchKey", ...status(404) });
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key }))).rejects.toMatchObject(status(404));
    expect((await s3.send(new DeleteObjectCommand({ Bucket, Key }))).$metadata.httpStatusCode).toBe(204);
  });

  it("are stored on conditions", async () => {
    const { ETag } = await put("key", "one", { IfNoneMatch: "*" });
    await expect(put("key", "two", { IfNoneMatch: "*" })).rejects.toMatchObject(status(412));
    await expect(put("key", "two", { IfMatch: '"other"' })).rejects.toMatchObject(status(412));
    await expect(put("nothing", "two", { IfMatch: ETag })).rejects.toMatchObject(status(404));
    await put("key", "two", { IfMatch: ETag });
    expect(await text("key")).toBe("two");
    await expect(text("key", { IfMatch: ETag })).rejects.toMatchObject(status(412));
  });

  it("are taken from streams, with checksums in trailers, and refused with wrong ones", async () => {
    const bytes = Buffer.alloc(140_000, "x");
    const stream = Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]);
    await s3.send(new PutObjectCommand({ Bucket, Key: "stream", Body: stream, ContentLength: bytes.length }));
    expect(fake.get(Bucket, "stream")).toEqual(bytes);
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "SHA1", "SHA256"] as const)
      await put("sum", "hello", { ChecksumAlgorithm });
    for (const wrong of [{ ChecksumCRC32: "AAAAAA==" }, { ChecksumSHA256: "A".repeat(43) }, { ContentMD5: "AAAA" }])
      await expect(put("wrong", "hello", wrong)).rejects.toMatchObject({ name: "BadDigest" });
    expect(fake.get(Bucket, "wrong")).toBeUndefined();
  });

  it("belong to an account", async () => {
    const owner = { ExpectedBucketOwner: "123456789012" };
    await put("key", "one", owner);
    const wrong = { ExpectedBucketOwner: "999999999999" };
    await expect(put("key", "two", wrong)).rejects.toMatchObject({ name: "AccessDenied", ...status(403) });
    await expect(text("key", wrong)).rejects.toMatchObject(status(403));
    await expect(s3.send(new HeadBucketCommand({ Bucket, ...wrong }))).rejects.toMatchObject(status(403));
    await expect(s3.send(new HeadBucketCommand({ Bucket: "nowhere" }))).rejects.toMatchObject(status(404));
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint ?? "").toBe("");
  });
});

describe("lists", () => {
  it("are sorted, paged, cut at a delimiter, and begin after a key", async () => {
    for (const key of ["b/2", "a", "b/1", "c/x/1", "b/3"]) fake.put(Bucket, key, Buffer.from(key));
    const list = async (more: object): Promise<unknown> => {
      const answer = await s3.send(new ListObjectsV2Command({ Bucket, ...more }));
      return [answer.Contents?.map(({ Key }) => Key), answer.CommonPrefixes?.map(({ Prefix }) => Prefix)];
    };
    expect(await list({})).toEqual([["a", "b/1", "b/2", "b/3", "c/x/1"], undefined]);
    expect(await list({ Prefix: "b/", StartAfter: "b/1" })).toEqual([["b/2", "b/3"], undefined]);
    expect(await list({ Delimiter: "/" })).toEqual([["a"], ["b/", "c/"]]);
    const pages: unknown[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, ContinuationToken }));
      pages.push(page.Contents?.map(({ Key }) => Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(pages).toEqual([["a", "b/1"], ["b/2", "b/3"], ["c/x/1"]]);
  });

  it("have at most 1,000 keys, and as many are deleted at once", async () => {
    const keys = Array.from({ length: 1_001 }, (_, at) => `key-${String(at).padStart(4, "0")}`);
    for (const key of keys) fake.put(Bucket, key, Buffer.from("x"));
    const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5_000 }));
    expect([page.KeyCount, page.IsTruncated]).toEqual([1_000, true]);
    const remove = (of: readonly string[]) =>
      s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: of.map((Key) => ({ Key })), Quiet: true } }));
    await expect(remove(keys)).rejects.toMatchObject({ name: "MalformedXML" });
    await remove(keys.slice(1));
    expect(fake.keys()).toEqual(["key-0000"]);
  });
});

describe("uploads in parts", () => {
  const begin = async (Key: string): Promise<string | undefined> =>
    (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId;
  const upload = async (Key: string, UploadId: string | undefined, sizes: readonly number[]) =>
    await Promise.all(
      sizes.map(async (size, at) => {
        const part = { Bucket, Key, UploadId, PartNumber: at + 1, Body: Buffer.alloc(size, at + 1) };
        return { PartNumber: at + 1, ETag: (await s3.send(new UploadPartCommand(part))).ETag };
      }),
    );
  const complete = (Key: string, UploadId: string | undefined, Parts: object[], more: object = {}) =>
    s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));

  it("become one object, if nobody was faster", async () => {
    const id = await begin("large");
    const parts = await upload("large", id, [5 * MIB, 5 * MIB, 3]);
    expect(fake.openUploads()).toEqual(["large"]);
    expect(fake.keys()).toEqual([]);
    await complete("large", id, parts, { IfNoneMatch: "*" });
    expect(fake.get(Bucket, "large")?.length).toBe(10 * MIB + 3);
    expect(fake.openUploads()).toEqual([]);
    const second = await begin("large");
    const again = await upload("large", second, [3]);
    await expect(complete("large", second, again, { IfNoneMatch: "*" })).rejects.toMatchObject(status(412));
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: "large", UploadId: second }));
    await expect(complete("large", second, again)).rejects.toMatchObject({ name: "NoSuchUpload" });
  });

  it("have parts of 5 MiB, in order, that were uploaded", async () => {
    const id = await begin("large");
    const parts = await upload("large", id, [5 * MIB - 1, 1]);
    await expect(complete("large", id, parts)).rejects.toMatchObject({ name: "EntityTooSmall" });
    await expect(complete("large", id, parts.toReversed())).rejects.toMatchObject({ name: "InvalidPartOrder" });
    await expect(complete("large", id, [{ PartNumber: 3, ETag: "x" }])).rejects.toMatchObject({ name: "InvalidPart" });
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(Uploads).toMatchObject([{ Key: "large", UploadId: id }]);
  });
});

describe("requests", () => {
  it("are counted by operation, by key and by who signed them", async () => {
    await put("key", "one");
    await text("key");
    await text("nothing").catch(() => {});
    expect(fake.counts()).toEqual({ PutObject: 1, GetObject: 2 });
    expect(fake.countsOf("key")).toEqual({ PutObject: 1, GetObject: 1 });
    expect(fake.countsByCaller()).toEqual({ AKIATEST: { PutObject: 1, GetObject: 2 } });
    fake.resetCounts();
    expect(fake.counts()).toEqual({});
  });

  it("may name the bucket in the host", async () => {
    fake.put(Bucket, "some/key", Buffer.from("bytes"));
    const url = new URL(fake.endpoint);
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: `${Bucket}.s3.us-east-1.amazonaws.com`, authorization: "x Credential=AKIA/x" };
      const options = { host: url.hostname, port: url.port, path: "/some/key", method: "HEAD", headers };
      request(options, (response) => resolve(response.resume().statusCode))
        .once("error", reject)
        .end();
    });
    expect(answer).toBe(200);
  });

  it("have to be signed", async () => {
    expect((await fetch(`${fake.endpoint}/${Bucket}/key`)).status).toBe(403);
  });

  it("are allowed by key, and who may not list is not told what is absent", async () => {
    await close();
    await open({ permissions: { AKIATEST: ["GetObject", "PutObject"] } });
    await put("key", "one");
    expect(await text("key")).toBe("one");
    await expect(text("nothing")).rejects.toMatchObject({ name: "AccessDenied", ...status(403) });
    await expect(s3.send(new DeleteObjectCommand({ Bucket, Key: "key" }))).rejects.toMatchObject(status(403));
  });

  it("fail by rules, and by a seed", async () => {
    fake.faults.add({ fault: "slow-down", operations: ["PutObject"], times: 1 });
    fake.faults.add({ fault: "internal-error", keyPart: "broken" });
    fake.faults.add({ fault: "conflict", operations: ["PutObject"], keyPart: "raced", times: 1 });
    await expect(put("key", "one")).rejects.toMatchObject({ name: "SlowDown", ...status(503) });
    await put("key", "one");
    await expect(put("a-broken-key", "one")).rejects.toMatchObject(status(500));
    await expect(put("raced", "one")).rejects.toMatchObject(status(409));
    fake.faults.clear();
    fake.faults.add({ fault: "truncated", operations: ["GetObject"], times: 1 });
    await expect(text("key")).rejects.toThrow();
    expect(await text("key")).toBe("one");
    fake.faults.add({ fault: "lost-response", operations: ["PutObject"], times: 1 });
    await expect(put("lost", "one")).rejects.toThrow();
    expect(await text("lost")).toBe("one");
    const refused = async (): Promise<string> => {
      await close();
      await open({ seed: 7, faults: [{ fault: "slow-down", rate: 0.5 }] });
      const answers = [];
      for (let at = 0; at < 20; at += 1)
        answers.push(
          await put("key", "one").then(
            () => ".",
            () => "x",
          ),
        );
      return answers.join("");
    };
    const first = await refused();
    expect(first).toMatch(/x.*\.|\..*x/);
    expect(await refused()).toBe(first);
  });

  it("take longer by the latency", async () => {
    await put("key", "one");
    fake.latencyMs = 120;
    const startMs = performance.now();
    await text("key");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(119);
  });
});
