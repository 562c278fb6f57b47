import { describe, expect, it, vi } from "vitest";
import { s3Bed } from "../test-support/s3-bed.ts";
import { refusal } from "../test-support/scripted-s3.ts";

const bed = s3Bed();

describe("opening a store", () => {
  it("asks once, for one object below the prefix, of the bucket of that owner", async () => {
    await using store = await bed.open({ owner: "123456789012" });
    expect(bed.s3.asked.map(({ method, path }) => [method, path])).toEqual([
      ["GET", "/payloads/?list-type=2&max-keys=1&prefix=scaler-tasks%2F"],
    ]);
    expect(bed.s3.asked[0]?.headers["x-amz-expected-bucket-owner"]).toBe("123456789012");
    const place = { bucket: "payloads", prefix: "scaler-tasks", region: "eu-central-1", owner: "123456789012" };
    expect(store.locator).toEqual({ kind: "s3", ...place });
    expect(store.traits).toEqual({ compress: true, flushMs: 700, streamAboveBytes: 8 * 1024 * 1024 });
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
    bed.s3.script(() => answer);
    await expect(bed.open(options)).rejects.toThrow(message);
    expect([bed.s3.asked.length, bed.pauses]).toEqual([1, []]);
  });

  it("takes us-east-1 where nobody names a region", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    const store = await bed.open();
    expect(store.locator).toMatchObject({ region: "us-east-1" });
    await store[Symbol.asyncDispose]();
  });

  it("says so without credentials", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    await expect(bed.open()).rejects.toThrow(/^\[denied\] .*no AWS credentials were found/);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "testing");
    expect(bed.pauses).toEqual([]);
  });

  it("gives up a service that does not answer, after as many attempts as were asked for", async () => {
    bed.s3.script(() => "stall");
    await expect(bed.open({ timeoutMs: 50, attempts: 3 })).rejects.toThrow(
      /^\[unavailable\] open s3:\/\/payloads: .*ETIMEDOUT: a request has exceeded the configured 50 ms/,
    );
    expect([bed.s3.asked.length, bed.pauses.length]).toEqual([3, 2]);
  });

  it("gives up a service that is not there", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
    await expect(bed.open({ attempts: 2 })).rejects.toThrow(/^\[unavailable\] .*ECONNREFUSED/);
    vi.stubEnv("AWS_ENDPOINT_URL_S3", bed.s3.endpoint);
  });
});
