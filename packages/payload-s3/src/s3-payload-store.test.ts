import type { Log, StoredObject } from "@scaler-aws-hpc/adapter-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { listing, refusal, type ScriptedS3, startScriptedS3 } from "../test-support/scripted-s3.ts";
import { S3PayloadStore, type S3PayloadStoreOptions } from "./s3-payload-store.ts";

let s3: ScriptedS3;
let pauses: number[] = [];
let warned: string[] = [];
const quiet = (): void => undefined;
const log: Log = { debug: quiet, info: quiet, warn: (message) => warned.push(message), error: quiet };
const clock = { now: () => 0, sleep: async (ms: number) => void pauses.push(ms) };

beforeAll(async () => {
  s3 = await startScriptedS3();
  vi.stubEnv("AWS_ENDPOINT_URL_S3", s3.endpoint);
  for (const name of ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]) vi.stubEnv(name, "/dev/null");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "testing");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "testing");
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await s3[Symbol.asyncDispose]();
});

beforeEach(() => {
  pauses = [];
  warned = [];
  s3.script(() => listing([]));
});

const open = (options: Partial<S3PayloadStoreOptions> = {}): Promise<S3PayloadStore> =>
  S3PayloadStore.open({ bucket: "payloads", ...options }, { clock, log });

async function opened(options?: Partial<S3PayloadStoreOptions>): Promise<S3PayloadStore> {
  s3.script(() => listing([]));
  return await open(options);
}

async function all(store: S3PayloadStore, prefix: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of store.list(prefix)) found.push(object);
  return found;
}

describe("opening a store", () => {
  it("asks once, for one object below the prefix, of the bucket of that owner", async () => {
    await using store = await open({ owner: "123456789012" });
    expect(s3.asked.map(({ method, path }) => [method, path])).toEqual([
      ["GET", "/payloads/?list-type=2&max-keys=1&prefix=scaler-tasks%2F"],
    ]);
    expect(s3.asked[0]?.headers["x-amz-expected-bucket-owner"]).toBe("123456789012");
    const place = { bucket: "payloads", prefix: "scaler-tasks", region: "eu-central-1", owner: "123456789012" };
    expect(store.locator).toEqual({ kind: "s3", ...place });
    expect(store.traits).toEqual({ compress: true, flushMs: 500, streamAboveBytes: 8 * 1024 * 1024 });
  });

  it.each([
    [
      refusal(404, "NoSuchBucket", "The specified bucket does not exist"),
      {},
      /^\[config\] open s3:\/\/payloads: bucket payloads does not exist; create it or name another with --s3-bucket$/,
    ],
    [
      {
        status: 301,
        body: "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>",
        headers: { "x-amz-bucket-region": "us-west-2" },
      },
      {},
      /^\[config\] .* payloads is not in eu-central-1; use --aws-region us-west-2$/,
    ],
    [
      refusal(
        400,
        "AuthorizationHeaderMalformed",
        "The region 'eu-central-1' is wrong; expecting 'us-west-2'",
        "<Region>us-west-2</Region>",
      ),
      {},
      /^\[config\] .*use --aws-region us-west-2$/,
    ],
    [
      refusal(403, "AccessDenied", "Access Denied"),
      {},
      /^\[denied\] .*s3:ListBucket on bucket payloads is denied; allow it .*\(Access Denied\)$/,
    ],
    [
      refusal(403, "AccessDenied"),
      { owner: "123456789012" },
      /s3:ListBucket on bucket payloads is denied, or the bucket is not of account 123456789012/,
    ],
    [refusal(403, "InvalidAccessKeyId"), {}, /^\[denied\] .*the AWS credentials are not valid \(InvalidAccessKeyId\)/],
    [
      refusal(400, "ExpiredToken", "The provided token has expired."),
      {},
      /^\[denied\] .*the AWS credentials are expired \(ExpiredToken\); renew them$/,
    ],
    [refusal(400, "InvalidArgument", "no"), {}, /^\[rejected\] .*InvalidArgument \(400\): no$/],
  ] as const)("says what is wrong, at once: %o", async (answer, options, message) => {
    s3.script(() => answer);
    await expect(open(options)).rejects.toThrow(message);
    expect([s3.asked.length, pauses]).toEqual([1, []]);
  });

  it("says so without a region, and without credentials", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    await expect(open()).rejects.toThrow(/^\[config\] aws-region: no AWS region is set; name it with --aws-region/);
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    await expect(open()).rejects.toThrow(/^\[denied\] .*no AWS credentials were found/);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "testing");
    expect(pauses).toEqual([]);
  });

  it("gives up a service that does not answer, after as many attempts as were asked for", async () => {
    s3.script(() => "stall");
    await expect(open({ timeoutMs: 50, attempts: 3 })).rejects.toThrow(
      /^\[unavailable\] open s3:\/\/payloads: .*ETIMEDOUT: a request has exceeded the configured 50 ms/,
    );
    expect([s3.asked.length, pauses.length]).toEqual([3, 2]);
  });

  it("gives up a service that is not there", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
    await expect(open({ attempts: 2 })).rejects.toThrow(/^\[unavailable\] .*ECONNREFUSED/);
    vi.stubEnv("AWS_ENDPOINT_URL_S3", s3.endpoint);
  });
});

describe("requests that may be answered otherwise later", () => {
  it("are sent again after pauses that grow and are random", async () => {
    await using store = await opened();
    s3.script((_, nth) => (nth < 6 ? refusal(503, "SlowDown", "Please reduce your request rate.") : listing([])));
    await all(store, "");
    expect(s3.asked).toHaveLength(6);
    expect(pauses).toHaveLength(5);
    for (const [at, ms] of pauses.entries()) expect(ms).toBeLessThanOrEqual(100 * 2 ** at);
    expect(warned).toContain("S3 asks to slow down");
  });

  it("are errors with a code that says so in the end", async () => {
    await using store = await opened({ attempts: 2 });
    s3.script(() => refusal(503, "SlowDown", "Please reduce your request rate."));
    await expect(store.get("k")).rejects.toThrow(
      /^\[throttled\] get k: bucket payloads: SlowDown \(503\): Please reduce/,
    );
    s3.script(() => refusal(500, "InternalError"));
    await expect(store.put("k", new Uint8Array(1))).rejects.toThrow(
      /^\[unavailable\] put k: bucket payloads: InternalError \(500\)$/,
    );
    expect(s3.asked).toHaveLength(2);
  });

  it("are given up in the pause when aborted", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const sleep = async (_: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void> => {
      stop.abort(reason);
      options?.signal?.throwIfAborted();
    };
    s3.script(() => listing([]));
    await using store = await S3PayloadStore.open({ bucket: "payloads" }, { clock: { now: () => 0, sleep }, log });
    s3.script(() => refusal(500, "InternalError"));
    await expect(store.get("k", { signal: stop.signal })).rejects.toBe(reason);
    expect(s3.asked).toHaveLength(1);
  });
});

describe("reading", () => {
  it("never takes a refusal for an absent object", async () => {
    await using store = await opened();
    s3.script(() => refusal(403, "AccessDenied"));
    await expect(store.get("k")).rejects.toThrow(/^\[denied\] get k: s3:GetObject on bucket payloads is denied/);
    await expect(store.get("k", { range: { start: 1, end: 1 } })).rejects.toThrow(/^\[denied\]/);
    s3.script(() => refusal(404, "NoSuchBucket"));
    await expect(store.get("k")).rejects.toThrow(/^\[config\] get k: bucket payloads does not exist/);
  });

  it("reads bytes that arrive damaged again, and says so when they always are", async () => {
    await using store = await opened({ attempts: 3 });
    const whole = { status: 200, body: "hello", headers: { "x-amz-checksum-crc32": "NhCmhg==" } };
    const damaged = { ...whole, body: "hellx" };
    s3.script((_, nth) => (nth === 1 ? damaged : whole));
    expect(Buffer.from((await store.get("k"))?.body ?? []).toString()).toBe("hello");
    expect(s3.asked).toHaveLength(2);
    s3.script(() => damaged);
    await expect(store.get("k")).rejects.toThrow(/^\[corrupt\] get k/);
    expect(s3.asked).toHaveLength(3);
  });

  it("does not take in more than was asked for", async () => {
    await using store = await opened({ attempts: 1 });
    s3.script(() => ({ status: 200, body: "x".repeat(100) }));
    await expect(store.get("k", { range: { start: 0, end: 10 } })).rejects.toThrow(
      /^\[unavailable\] .*IncompleteBody.*100 bytes, asked for 10/,
    );
    await expect(store.get("k", { maxBytes: 99 })).rejects.toThrow(/^\[too-large\] get k: 100 bytes to read, limit 99/);
  });
});

describe("listing", () => {
  it("passes over names that are no keys, and refuses pages that go back or nowhere", async () => {
    await using store = await opened();
    s3.script(() => listing(["scaler-tasks/a/", "scaler-tasks/a/b c", "scaler-tasks/a/x", "scaler-tasks/b"]));
    expect((await all(store, "a/")).map(({ key }) => key)).toEqual(["a/x"]);
    s3.script(() => listing(["scaler-tasks/b", "scaler-tasks/a"]));
    await expect(all(store, "")).rejects.toThrow(/^\[corrupt\] list .*not in order/);
    s3.script(() => ({ status: 200, body: "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>" }));
    await expect(all(store, "")).rejects.toThrow(/^\[unavailable\] list .*there is more, and not where/);
  });
});

describe("deleting", () => {
  const failed = (key: string, code: string): string =>
    `<Error><Key>scaler-tasks/${key}</Key><Code>${code}</Code></Error>`;
  const deleted = (inner: string) => ({ status: 200, body: `<DeleteResult>${inner}</DeleteResult>` });

  it("sends those again that could not be deleted now", async () => {
    await using store = await opened();
    s3.script((_, nth) => deleted(nth === 1 ? failed("b", "InternalError") + failed("c", "NoSuchKey") : ""));
    await store.delete(["a", "b", "c"]);
    expect(s3.asked.map(({ body }) => [...body.matchAll(/<Key>([^<]+)/g)].map(([, key]) => key))).toEqual([
      ["scaler-tasks/a", "scaler-tasks/b", "scaler-tasks/c"],
      ["scaler-tasks/b"],
    ]);
  });

  it("names the permission that is missing", async () => {
    await using store = await opened();
    s3.script(() => deleted(failed("a", "AccessDenied")));
    await expect(store.delete(["a", "b"])).rejects.toThrow(
      /^\[denied\] delete 2 objects: s3:DeleteObject on bucket payloads is denied/,
    );
  });

  it("sends a thousand keys with a request", async () => {
    await using store = await opened();
    s3.script(() => deleted(""));
    await store.delete(Array.from({ length: 2001 }, (_, i) => `k${i}`));
    expect(s3.asked.map(({ body }) => body.split("<Key>").length - 1)).toEqual([1000, 1000, 1]);
  });
});

it("names the permission of the key that encrypts", async () => {
  await using store = await opened({ kmsKey: "alias/payloads" });
  const text = "User: arn:aws:sts::1:x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:x";
  s3.script(() => refusal(403, "AccessDenied", text));
  await expect(store.put("k", new Uint8Array(1))).rejects.toThrow(
    /^\[denied\] put k: kms:GenerateDataKey on bucket payloads is denied/,
  );
  expect(s3.asked[0]?.headers).toMatchObject({
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "alias/payloads",
  });
});
