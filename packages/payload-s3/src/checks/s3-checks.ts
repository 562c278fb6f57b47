import { randomBytes } from "node:crypto";
import {
  type AbortOptions,
  AdapterError,
  type Check,
  type CheckHost,
  type Finding,
  fault,
  isAdapterError,
  ok,
  warning,
} from "@scaler-aws-hpc/adapter-core";
import { checkBucket } from "../list-objects.ts";
import { Refused, S3Calls, type S3Request, type SendOptions } from "../s3-calls.ts";
import { s3Location } from "../s3-location.ts";
import { S3PayloadStore, type S3PayloadStoreOptions } from "../s3-payload-store.ts";
import type { S3Verbs } from "../s3-sdk.ts";
import { refusesPlainHttp } from "./bucket-policy.ts";
import { askTime, clockFinding } from "./clock.ts";
import { credentialsFinding } from "./credentials.ts";
import { lifecycleFindings } from "./lifecycle.ts";

const AWS = "AWS";
const S3 = "S3";
/** Two tries: what is slow or flaky should be said, not borne. */
const LIMITS = { parallel: 8, timeoutMs: 5_000, attempts: 2 };

/**
 * What `doctor` looks at for this store.
 * @throws {AdapterError} `config` when a setting is wrong in itself
 */
export function s3Checks(options: S3PayloadStoreOptions, host: CheckHost): readonly Check[] {
  const location = s3Location(options);
  const { bucket, prefix } = location;
  let opened: Promise<S3Calls> | undefined;
  const calls = (): Promise<S3Calls> => {
    opened ??= S3Calls.open(location, { region: options.region, ...LIMITS }, host.clock, host.log).then((open) => {
      host.defer(() => open.close());
      return open;
    });
    return opened;
  };
  const needs = ["s3-bucket"];
  return [
    {
      id: "aws-credentials",
      group: AWS,
      title: "credentials",
      run: async () => await credentialsFinding((await calls()).region),
    },
    {
      id: "s3-bucket",
      group: S3,
      title: `bucket ${bucket}`,
      needs: ["aws-credentials"],
      async run(options) {
        const open = await calls();
        await checkBucket(open, options);
        const owner = location.owner === undefined ? "" : `, of account ${location.owner}`;
        return [ok(`is in ${open.region}${owner}, and may be listed below ${prefix === "" ? "/" : `${prefix}/`}`)];
      },
    },
    {
      id: "aws-clock",
      group: AWS,
      title: "clock",
      needs,
      run: async ({ signal }) => [clockFinding(await askTime(bucket, (await calls()).region, signal), Date.now())],
    },
    {
      id: "s3-objects",
      group: S3,
      title: "objects",
      needs,
      run: async (more) => await probe(options, host, more),
    },
    ...settingsChecks(calls, prefix, needs),
  ];
}

/** What of a bucket is set by its owner, and need not be readable to a manager. */
function settingsChecks(calls: () => Promise<S3Calls>, prefix: string, needs: readonly string[]): readonly Check[] {
  return [
    {
      id: "s3-encryption",
      group: S3,
      title: "encryption",
      needs,
      run: (options) =>
        look(
          calls,
          "s3:GetEncryptionConfiguration",
          options,
          async (s3, place, send) => {
            const answer = await s3.getBucketEncryption(place, send);
            const [rule] = answer.ServerSideEncryptionConfiguration?.Rules ?? [];
            return [ok(`${rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? "AES256"} by default`)];
          },
          [warning("the bucket encrypts nothing by itself", "set default encryption, SSE-S3 or SSE-KMS")],
        ),
    },
    {
      id: "s3-public-access",
      group: S3,
      title: "public access",
      needs,
      run: (options) =>
        look(
          calls,
          "s3:GetBucketPublicAccessBlock",
          options,
          async (s3, place, send) => {
            const { PublicAccessBlockConfiguration: block } = await s3.getPublicAccessBlock(place, send);
            const { BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets } = block ?? {};
            const parts = { BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets };
            const off = Object.entries(parts).flatMap(([name, on]) => (on === true ? [] : [name]));
            return off.length === 0
              ? [ok("blocked in all four ways")]
              : [warning(`not blocked: ${off.join(", ")}`, BLOCK)];
          },
          [warning("is not blocked for this bucket", BLOCK)],
        ),
    },
    {
      id: "s3-tls-only",
      group: S3,
      title: "plain HTTP",
      needs,
      run: (options) =>
        look(
          calls,
          "s3:GetBucketPolicy",
          options,
          async (s3, place, send) => {
            const { Policy = "" } = await s3.getBucketPolicy(place, send);
            return [refusesPlainHttp(Policy) ? ok("is refused by the bucket's policy") : NOT_REFUSED];
          },
          [NOT_REFUSED],
        ),
    },
    {
      id: "s3-lifecycle",
      group: S3,
      title: "lifecycle",
      needs,
      run: (options) =>
        look(
          calls,
          "s3:GetLifecycleConfiguration",
          options,
          async (s3, place, send) => {
            const { Rules = [] } = await s3.getBucketLifecycleConfiguration(place, send);
            return lifecycleFindings(Rules, prefix);
          },
          lifecycleFindings([], prefix),
        ),
    },
  ];
}

const BLOCK = "turn on all four settings of Block Public Access";
const NOT_REFUSED = warning(
  "is not refused: what is put or got without TLS can be read on the way",
  'add a statement that denies s3:* to everybody where aws:SecureTransport is "false"',
);

/** A setting of the bucket. What is not set has a code of its own for each setting, always 404; what may not be read is no fault of the bucket. */
async function look(
  calls: () => Promise<S3Calls>,
  action: string,
  { signal }: AbortOptions,
  ask: (s3: S3Verbs, place: S3Calls["place"], send: SendOptions) => Promise<readonly Finding[]>,
  absent: readonly Finding[],
): Promise<readonly Finding[]> {
  const open = await calls();
  const request: S3Request = {
    doing: `look at ${action.replace("s3:Get", "")}`,
    action,
    signal,
    expected: ({ status, name }) => status === 404 && name !== "NoSuchBucket",
  };
  try {
    const found = await open.run(request, (s3, send) => ask(s3, open.place, send));
    return found instanceof Refused ? absent : found;
  } catch (reason) {
    if (!isAdapterError(reason) || reason.code !== "denied") throw reason;
    return [
      warning(
        `could not be looked at: ${action} is denied`,
        `allow ${action} for this, or look at the bucket yourself`,
      ),
    ];
  }
}

/** Writes, reads, replaces and removes an object as a manager does its lease. */
async function probe(
  options: S3PayloadStoreOptions,
  host: CheckHost,
  { signal }: AbortOptions,
): Promise<readonly Finding[]> {
  await using store = await S3PayloadStore.open(
    { ...options, timeoutMs: LIMITS.timeoutMs, attempts: LIMITS.attempts },
    host,
  );
  const key = `v1/managers/doctor/${randomBytes(8).toString("hex")}`;
  const [first, second] = [Buffer.from("first"), Buffer.from("second")];
  const made = await store.put(key, first, { if: "absent", signal });
  try {
    const twin = await store.put(key, second, { if: "absent", signal });
    if (twin.stored) return [CONDITIONS];
    const { etag = "" } = made.stored ? made : {};
    const replaced = await store.put(key, second, { if: { etag }, signal });
    const stale = await store.put(key, first, { if: { etag }, signal });
    if (!replaced.stored || stale.stored) return [CONDITIONS];
    const found = await store.get(key, { signal });
    if (found === undefined || !second.equals(found.body))
      throw new AdapterError("corrupt", `${key} was not read as it was written; this is no S3, choose another bucket`);
  } finally {
    await store.delete([key]);
  }
  if ((await store.get(key, { signal })) !== undefined)
    return [
      fault(`${key} is still there after it was deleted`, "look at the bucket's object lock and at s3:DeleteObject"),
    ];
  return [ok("can be written, read, replaced on conditions, and removed")];
}

const CONDITIONS = fault(
  "the service does not keep conditions of a put: two managers could run under one id",
  "use a service with conditional writes (If-None-Match, If-Match)",
);
