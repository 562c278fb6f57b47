import { Readable } from "node:stream";
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { expect, it } from "vitest";
import { FakeS3 } from "./fake-s3.ts";
import { verifySignature } from "./signature.ts";

const Bucket = "emulator-bucket";

async function withClient(secretAccessKey: string, run: (s3: S3Client) => Promise<void>): Promise<void> {
  await using fake = await FakeS3.start({ secrets: { AKIATEST: "right" } });
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey };
  const s3 = new S3Client({ endpoint: fake.endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  await run(s3).finally(() => s3.destroy());
}

it("verifies what the SDK signs: odd keys, queries, trailers, extra headers", async () => {
  await withClient("right", async (s3) => {
    const Key = "a/b c+d%25/é&<'>(1)*!~";
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x", IfNoneMatch: "*", Metadata: { a: "b  c" } }));
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Readable.from([Buffer.from("xyz")]), ContentLength: 3 }));
    await s3.send(new GetObjectCommand({ Bucket, Key, Range: "bytes=0-1", ExpectedBucketOwner: "123456789012" }));
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "a/b c+", StartAfter: "a/a é", MaxKeys: 3 }));
    expect(page.KeyCount).toBe(1);
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }));
  });
});

it("refuses what another secret signed, and what was signed too long ago", async () => {
  await withClient("wrong", async (s3) => {
    const put = s3.send(new PutObjectCommand({ Bucket, Key: "key", Body: "x" }));
    await expect(put).rejects.toMatchObject({ name: "SignatureDoesNotMatch", $metadata: { httpStatusCode: 403 } });
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: "key" }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
  });
  const scope = "AKIATEST/20200101/us-east-1/s3/aws4_request";
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"0".repeat(64)}`;
  const headers = { authorization, host: "x", "x-amz-date": "20200101T000000Z" };
  const verify = (): void => verifySignature({ method: "GET", target: "/", headers }, { AKIATEST: "right" });
  expect(verify).toThrow(/request time/);
});
