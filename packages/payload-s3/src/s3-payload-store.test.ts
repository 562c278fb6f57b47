import type { StoredObject } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { s3Bed } from "../test-support/s3-bed.ts";
import { type Answer, type Asked, listing, refusal } from "../test-support/scripted-s3.ts";
import type { S3PayloadStore } from "./s3-payload-store.ts";

const bed = s3Bed();

async function all(store: S3PayloadStore, prefix: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of store.list(prefix)) found.push(object);
  return found;
}

describe("requests that may be answered otherwise later", () => {
  it("are sent again after bed.pauses that grow and are random", async () => {
    await using store = await bed.opened();
    bed.s3.script((_, nth) => (nth < 6 ? refusal(503, "SlowDown", "Please reduce your request rate.") : listing([])));
    await all(store, "");
    expect(bed.s3.asked).toHaveLength(6);
    expect(bed.pauses).toHaveLength(5);
    for (const [at, ms] of bed.pauses.entries()) expect(ms).toBeLessThanOrEqual(100 * 2 ** at);
    expect(bed.warned).toContain("S3 asks to slow down");
  });

  it("are errors with a code that says so in the end", async () => {
    await using store = await bed.opened({ attempts: 2 });
    bed.s3.script(() => refusal(503, "SlowDown", "Please reduce your request rate."));
    await expect(store.get("k")).rejects.toThrow(
      /^\[throttled\] get k: bucket payloads: SlowDown \(503\): Please reduce/,
    );
    bed.s3.script(() => refusal(500, "InternalError"));
    await expect(store.put("k", new Uint8Array(1))).rejects.toThrow(
      /^\[unavailable\] put k: bucket payloads: InternalError \(500\)$/,
    );
    expect(bed.s3.asked).toHaveLength(2);
  });

  it("are given up in the pause when aborted", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const sleep = async (_: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void> => {
      stop.abort(reason);
      options?.signal?.throwIfAborted();
    };
    await using store = await bed.opened({}, { now: () => 0, sleep });
    bed.s3.script(() => refusal(500, "InternalError"));
    await expect(store.get("k", { signal: stop.signal })).rejects.toBe(reason);
    expect(bed.s3.asked).toHaveLength(1);
  });
});

describe("reading", () => {
  it("never takes a refusal for an absent object", async () => {
    await using store = await bed.opened();
    bed.s3.script(() => refusal(403, "AccessDenied"));
    await expect(store.get("k")).rejects.toThrow(/^\[denied\] get k: s3:GetObject on bucket payloads is denied/);
    await expect(store.get("k", { range: { start: 1, end: 1 } })).rejects.toThrow(/^\[denied\]/);
    bed.s3.script(() => refusal(404, "NoSuchBucket"));
    await expect(store.get("k")).rejects.toThrow(/^\[config\] get k: bucket payloads does not exist/);
  });

  it("reads bytes that arrive damaged again, and says so when they always are", async () => {
    await using store = await bed.opened({ attempts: 3 });
    const whole = { status: 200, body: "hello", headers: { "x-amz-checksum-crc32": "NhCmhg==" } };
    const damaged = { ...whole, body: "hellx" };
    bed.s3.script((_, nth) => (nth === 1 ? damaged : whole));
    expect(Buffer.from((await store.get("k"))?.body ?? []).toString()).toBe("hello");
    expect(bed.s3.asked).toHaveLength(2);
    bed.s3.script(() => damaged);
    await expect(store.get("k")).rejects.toThrow(/^\[corrupt\] get k/);
    expect(bed.s3.asked).toHaveLength(3);
  });

  it("does not take in more than was asked for", async () => {
    await using store = await bed.opened({ attempts: 1 });
    bed.s3.script(() => ({ status: 200, body: "x".repeat(100) }));
    await expect(store.get("k", { range: { start: 0, end: 10 } })).rejects.toThrow(
      /^\[unavailable\] .*IncompleteBody.*100 bytes, asked for 10/,
    );
    await expect(store.get("k", { maxBytes: 99 })).rejects.toThrow(/^\[too-large\] get k: 100 bytes to read, limit 99/);
  });
});

describe("listing", () => {
  it("passes over names that are no keys, and refuses pages that go back or nowhere", async () => {
    await using store = await bed.opened();
    bed.s3.script(() => listing(["scaler-tasks/a/", "scaler-tasks/a/b c", "scaler-tasks/a/x", "scaler-tasks/b"]));
    expect((await all(store, "a/")).map(({ key }) => key)).toEqual(["a/x"]);
    bed.s3.script(() => listing(["scaler-tasks/b", "scaler-tasks/a"]));
    await expect(all(store, "")).rejects.toThrow(/^\[corrupt\] list .*not in order/);
    bed.s3.script(() => ({
      status: 200,
      body: "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    }));
    await expect(all(store, "")).rejects.toThrow(/^\[unavailable\] list .*there is more, and not where/);
  });
});

describe("putting in parts", () => {
  const big = Buffer.alloc(8 * 1024 * 1024 + 1);
  const created = {
    status: 200,
    body: "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
  };
  const completed = {
    status: 200,
    body: "<CompleteMultipartUploadResult><ETag>&quot;e-2&quot;</ETag></CompleteMultipartUploadResult>",
  };
  /** Answers to completion, one after the other; everything else goes well. */
  const completing = (...answers: readonly Answer[]) => {
    const left = [...answers];
    return ({ method, path }: Asked): Answer => {
      if (path.includes("uploads")) return created;
      if (method === "PUT") return { status: 200, headers: { etag: '"p"' } };
      return method === "POST" ? (left.shift() ?? completed) : { status: method === "HEAD" ? 404 : 204 };
    };
  };
  const methods = (): string[] => bed.s3.asked.map(({ method }) => method);

  it("takes an error for one that comes with the status of a success", async () => {
    await using store = await bed.opened();
    bed.s3.script(completing(refusal(200, "InternalError", "We encountered an internal error.")));
    expect(await store.put("k", big)).toMatchObject({ stored: true, etag: expect.stringMatching(/^e-2~/) });
    expect(methods()).toEqual(["POST", "PUT", "PUT", "POST", "POST"]);
  });

  it("completes with the condition, and with what S3 said of each part", async () => {
    await using store = await bed.opened();
    bed.s3.script(completing());
    await store.put("k", big, { if: { etag: "e~m1.m2" } });
    const [first, , , last] = bed.s3.asked;
    expect(last?.headers["if-match"]).toBe('"e"');
    expect(last?.body).toMatch(/<PartNumber>1<\/PartNumber>.*<PartNumber>2<\/PartNumber>/s);
    expect(first?.headers["x-amz-meta-scaler-put"]).toMatch(/^[A-Za-z0-9_-]{8}\.m1\.m2$/);
    expect(first?.headers["x-amz-checksum-algorithm"]).toBe("CRC32");
  });

  it("is not stored when the condition does not hold, may pass later when S3 ended it, and removes its parts", async () => {
    await using store = await bed.opened();
    bed.s3.script(completing(refusal(412, "PreconditionFailed")));
    expect(await store.put("k", big, { if: "absent" })).toEqual({ stored: false });
    expect(methods()).toEqual(["POST", "PUT", "PUT", "POST", "DELETE"]);
    bed.s3.script(completing(refusal(409, "ConditionalRequestConflict")));
    await expect(store.put("k", big, { if: "absent" })).rejects.toThrow(
      /^\[unavailable\] put k: another put .*ConditionalRequestConflict/,
    );
    expect(methods().at(-1)).toBe("DELETE");
    bed.s3.script(completing(refusal(404, "NoSuchUpload")));
    await expect(store.put("k", big)).rejects.toThrow(/^\[unavailable\] put k: .*NoSuchUpload/);
    expect(methods().slice(-2)).toEqual(["HEAD", "DELETE"]);
  });
});

describe("deleting", () => {
  const failed = (key: string, code: string): string =>
    `<Error><Key>scaler-tasks/${key}</Key><Code>${code}</Code></Error>`;
  const deleted = (inner: string) => ({ status: 200, body: `<DeleteResult>${inner}</DeleteResult>` });

  it("sends those again that could not be deleted now", async () => {
    await using store = await bed.opened();
    bed.s3.script((_, nth) => deleted(nth === 1 ? failed("b", "InternalError") + failed("c", "NoSuchKey") : ""));
    await store.delete(["a", "b", "c"]);
    expect(bed.s3.asked.map(({ body }) => [...body.matchAll(/<Key>([^<]+)/g)].map(([, key]) => key))).toEqual([
      ["scaler-tasks/a", "scaler-tasks/b", "scaler-tasks/c"],
      ["scaler-tasks/b"],
    ]);
  });

  it("names the permission that is missing", async () => {
    await using store = await bed.opened();
    bed.s3.script(() => deleted(failed("a", "AccessDenied")));
    await expect(store.delete(["a", "b"])).rejects.toThrow(
      /^\[denied\] delete 2 objects: s3:DeleteObject on bucket payloads is denied/,
    );
  });

  it("sends a thousand keys with a request", async () => {
    await using store = await bed.opened();
    bed.s3.script(() => deleted(""));
    await store.delete(Array.from({ length: 2001 }, (_, i) => `k${i}`));
    expect(bed.s3.asked.map(({ body }) => body.split("<Key>").length - 1)).toEqual([1000, 1000, 1]);
  });
});

it("names the permission of the key that encrypts", async () => {
  await using store = await bed.opened({ kmsKey: "alias/payloads" });
  const text = "User: arn:aws:sts::1:x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:x";
  bed.s3.script(() => refusal(403, "AccessDenied", text));
  await expect(store.put("k", new Uint8Array(1))).rejects.toThrow(
    /^\[denied\] put k: kms:GenerateDataKey on bucket payloads is denied/,
  );
  expect(bed.s3.asked[0]?.headers).toMatchObject({
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "alias/payloads",
  });
});

it("signs with the service's time once it was told that its own is wrong", async () => {
  await using store = await bed.opened();
  const wrong = refusal(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
  );
  const headers = { date: new Date(Date.now() + 3_600_000).toUTCString() };
  bed.s3.script((_, nth) => (nth === 1 ? { ...wrong, headers } : refusal(404, "NoSuchKey")));
  expect(await store.get("k")).toBeUndefined();
  const hours = bed.s3.asked.map((asked) => String(asked.headers["x-amz-date"]).slice(0, 11));
  expect(new Set(hours).size).toBe(2);
});
