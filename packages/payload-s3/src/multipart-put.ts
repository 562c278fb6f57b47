import {
  type AbortOptions,
  AdapterError,
  type Body,
  bodyPieces,
  bodySize,
  type PutOutcome,
} from "@scaler-aws-hpc/adapter-core";
import { bodyParts } from "./body-parts.ts";
import { conditionFailed, conditionFields, objectFields, outcomeByMarks, type PutTerms } from "./put-object.ts";
import { Refused, type S3Calls } from "./s3-calls.ts";
import { objectName } from "./s3-location.ts";
import { versionText } from "./version.ts";

/** Bodies above this size, in bytes, are put in parts of it. */
export const PART_BYTES: number = 8 * 1024 * 1024;

const MOST_PARTS = 10_000;
/** Parts of one upload under way at once: bounds what an upload holds in memory. */
const PARTS_AT_ONCE = 4;
/** Attempts to remove the parts of an upload that failed; the bucket's lifecycle rule removes what stays. */
const CLEANUP_ATTEMPTS = 3;

interface Part {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumCRC32?: string;
}

interface Upload {
  readonly key: string;
  readonly id: string;
}

/**
 * Puts an object in parts, some at once; it appears when the last call, which carries the condition, is answered. Whatever ends it before,
 * the parts are removed.
 */
export async function multipartPut(
  calls: S3Calls,
  key: string,
  body: Body,
  terms: PutTerms,
  options?: AbortOptions,
): Promise<PutOutcome> {
  const created = await calls.done(
    { doing: `put ${key}`, action: "s3:PutObject", signal: options?.signal },
    (s3, send) =>
      s3.createMultipartUpload(
        {
          ...calls.place,
          Key: objectName(calls.location, key),
          ChecksumAlgorithm: "CRC32",
          ...objectFields(terms),
        },
        send,
      ),
  );
  const upload = { key, id: created.UploadId ?? "" };
  let over = false;
  try {
    const parts = await uploadParts(calls, upload, body, options);
    const outcome = await complete(calls, upload, parts, terms, options);
    over = outcome.stored;
    return outcome;
  } finally {
    if (!over) await abandon(calls, upload);
  }
}

async function uploadParts(
  calls: S3Calls,
  upload: Upload,
  body: Body,
  options?: AbortOptions,
): Promise<readonly Part[]> {
  const size = bodySize(body);
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS));
  const stop = new AbortController();
  const signal = options?.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const running = new Set<Promise<void>>();
  const done: Part[] = [];
  let failed: { readonly reason: unknown } | undefined;
  const send = async (number: number, bytes: Uint8Array): Promise<void> => {
    try {
      done.push(await uploadPart(calls, upload, number, bytes, signal));
    } catch (reason) {
      failed ??= { reason };
      stop.abort(reason);
    }
  };
  try {
    let number = 0;
    for await (const bytes of bodyParts(bodyPieces(body, { signal }), partBytes, size)) {
      number += 1;
      const part = send(number, bytes).finally(() => running.delete(part));
      running.add(part);
      if (running.size >= PARTS_AT_ONCE) await Promise.race(running);
      if (failed !== undefined) break;
    }
  } catch (reason) {
    failed ??= { reason };
    stop.abort(reason);
  }
  await Promise.all(running);
  if (failed !== undefined) throw failed.reason;
  return done.toSorted((a, b) => a.PartNumber - b.PartNumber);
}

async function uploadPart(
  calls: S3Calls,
  { key, id }: Upload,
  number: number,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<Part> {
  const { ETag = "", ChecksumCRC32 } = await calls.done(
    { doing: `put part ${number} of ${key}`, action: "s3:PutObject", bytes: bytes.length, signal },
    (s3, send) =>
      s3.uploadPart(
        {
          ...calls.place,
          Key: objectName(calls.location, key),
          UploadId: id,
          PartNumber: number,
          Body: bytes,
          ChecksumAlgorithm: "CRC32",
        },
        send,
      ),
  );
  return { PartNumber: number, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) };
}

async function complete(
  calls: S3Calls,
  { key, id }: Upload,
  parts: readonly Part[],
  terms: PutTerms,
  options?: AbortOptions,
): Promise<PutOutcome> {
  const failed = conditionFailed(terms);
  const done = await calls.run(
    {
      doing: `put ${key}`,
      action: "s3:PutObject",
      signal: options?.signal,
      // A conflict ends the upload: its parts are to be sent again, which a stream cannot.
      expected: (failure) => failure.name === "NoSuchUpload" || failure.status === 409 || failed(failure),
    },
    (s3, send) =>
      s3.completeMultipartUpload(
        {
          ...calls.place,
          Key: objectName(calls.location, key),
          UploadId: id,
          MultipartUpload: { Parts: [...parts] },
          ...conditionFields(terms),
        },
        send,
      ),
  );
  if (!(done instanceof Refused))
    return { stored: true, etag: versionText({ ...objectFields(terms), ETag: done.ETag }) };
  const { failure, ambiguous } = done;
  // An upload that is not known any more may have been completed by an attempt whose answer was lost.
  if (ambiguous || failure.name === "NoSuchUpload") {
    const outcome = await outcomeByMarks(calls, key, terms, options);
    if (outcome.stored) return outcome;
  }
  if (failure.name !== "NoSuchUpload" && failed(failure)) return { stored: false };
  throw new AdapterError("unavailable", `put ${key}: another put of the same key ended this one (${failure.name})`);
}

/** Removes the parts. What fails here was not asked for: the failure that led here is the one that counts. */
async function abandon(calls: S3Calls, { key, id }: Upload): Promise<void> {
  try {
    await calls.run(
      {
        doing: `remove the parts of ${key}`,
        action: "s3:AbortMultipartUpload",
        attempts: CLEANUP_ATTEMPTS,
        expected: ({ name }) => name === "NoSuchUpload",
      },
      (s3, send) =>
        s3.abortMultipartUpload({ ...calls.place, Key: objectName(calls.location, key), UploadId: id }, send),
    );
  } catch {
    // The bucket's lifecycle rule for unfinished uploads removes them.
  }
}
