import type { AbortOptions, PutOutcome } from "@scaler-aws-hpc/adapter-core";
import { Refused, type S3Calls } from "./s3-calls.ts";
import type { S3Failure } from "./s3-failure.ts";
import { objectName } from "./s3-location.ts";
import { MARKS_FIELD, marksText, parseVersion, replacedText, type Version, versionText } from "./version.ts";

/** What must hold for a put to be carried out. */
export type Condition = "absent" | Version | undefined;

/** How an object is put. */
export interface PutTerms {
  readonly condition: Condition;
  /** See {@link MARKS_FIELD}; the first one is this put's. */
  readonly marks: readonly string[];
  /** Id, ARN or alias of a KMS key. @default the bucket's own encryption */
  readonly kmsKey: string | undefined;
}

/** A condition in the words of the SDK. */
export function conditionFields({ condition }: PutTerms): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return condition === "absent" ? { IfNoneMatch: "*" } : { IfMatch: `"${condition.etag}"` };
}

/** Encryption and marks in the words of the SDK. */
export function objectFields({ marks, kmsKey }: PutTerms): {
  Metadata: Record<string, string>;
  ServerSideEncryption?: "aws:kms";
  SSEKMSKeyId?: string;
} {
  const Metadata = { [MARKS_FIELD]: marksText(marks) };
  return kmsKey === undefined ? { Metadata } : { Metadata, ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKey };
}

/** Whether an answer says that the condition of a put does not hold. */
export function conditionFailed({ condition }: PutTerms): (failure: S3Failure) => boolean {
  return ({ name, status }) => {
    if (condition === undefined) return false;
    return name === "PreconditionFailed" || status === 412 || name === "NoSuchKey";
  };
}

/**
 * What became of a put of which an answer was lost, by what is there now. Only a put that was replaced without compare-and-set, or deleted,
 * by somebody else in between counts as not stored.
 */
export async function outcomeByMarks(
  calls: S3Calls,
  key: string,
  { marks }: PutTerms,
  options?: AbortOptions,
): Promise<PutOutcome> {
  const found = await calls.run(
    {
      doing: `look at ${key}`,
      action: "s3:GetObject",
      signal: options?.signal,
      expected: ({ status }) => status === 404,
    },
    (s3, send) => s3.headObject({ ...calls.place, Key: objectName(calls.location, key) }, send),
  );
  if (found instanceof Refused) return { stored: false };
  const text = versionText(found);
  const at = parseVersion(text)?.marks.indexOf(marks[0] ?? "") ?? -1;
  if (at < 0) return { stored: false };
  return { stored: true, etag: at === 0 ? text : replacedText(marks) };
}

/** Puts an object of one piece. */
export async function putObject(
  calls: S3Calls,
  key: string,
  body: Uint8Array,
  terms: PutTerms,
  options?: AbortOptions,
): Promise<PutOutcome> {
  const fields = objectFields(terms);
  const put = await calls.run(
    {
      doing: `put ${key}`,
      action: "s3:PutObject",
      bytes: body.length,
      signal: options?.signal,
      expected: conditionFailed(terms),
    },
    (s3, send) => {
      const Key = objectName(calls.location, key);
      return s3.putObject({ ...calls.place, Key, Body: body, ...fields, ...conditionFields(terms) }, send);
    },
  );
  if (!(put instanceof Refused)) return { stored: true, etag: versionText({ ...fields, ETag: put.ETag }) };
  return put.ambiguous ? await outcomeByMarks(calls, key, terms, options) : { stored: false };
}
