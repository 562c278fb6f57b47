import { randomUUID } from "node:crypto";
import type { AbortOptions, PutOutcome } from "@scaler-aws-hpc/adapter-core";
import { Refused, type S3Calls } from "./s3-calls.ts";
import type { S3Failure } from "./s3-failure.ts";
import { objectName } from "./s3-location.ts";

/** What must hold for a put to be carried out. */
export type Condition = "absent" | { readonly etag: string } | undefined;

/** Encryption of what is put. */
export interface Encryption {
  /** Id, ARN or alias of a KMS key. @default the bucket's own encryption */
  readonly kmsKey: string | undefined;
}

/**
 * Metadata of every object: a number that no other put has. When the answer to a conditional put is lost, the repetition is refused by what
 * the first one stored; then this tells whether the object is ours or another's, which its bytes cannot: two writers may write the same.
 */
export const MARK = "scaler-put";

const ETAG = /^[\x21\x23-\x7e]+$/;

/** A fresh mark. */
export function newMark(): string {
  return randomUUID();
}

/** Whether any object could have this etag. Others are no condition that holds. */
export function isEtag(etag: string): boolean {
  return ETAG.test(etag);
}

/** The etag of an answer as the contract has it: without quotes. */
export function bareEtag(etag: string | undefined): string {
  return (etag ?? "").replace(/^"|"$/g, "");
}

/** A condition in the words of the SDK. */
export function conditionFields(condition: Condition): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return condition === "absent" ? { IfNoneMatch: "*" } : { IfMatch: `"${condition.etag}"` };
}

/** Encryption and mark in the words of the SDK. */
export function objectFields(
  mark: string,
  { kmsKey }: Encryption,
): { Metadata: Record<string, string>; ServerSideEncryption?: "aws:kms"; SSEKMSKeyId?: string } {
  const Metadata = { [MARK]: mark };
  return kmsKey === undefined ? { Metadata } : { Metadata, ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKey };
}

/** Whether an answer says that the condition of a put does not hold. */
export function conditionFailed(condition: Condition): (failure: S3Failure) => boolean {
  return ({ name, status }) =>
    condition !== undefined &&
    (name === "PreconditionFailed" ||
      status === 412 ||
      name === "NoSuchKey" ||
      (status === 404 && name === "NotFound"));
}

/**
 * Whether the object that is there now was put with this mark; its etag if so. Asked after an answer was lost. An object of ours that somebody
 * replaced or deleted since is not there any more: that counts as not stored.
 */
export async function etagOfMark(
  calls: S3Calls,
  key: string,
  mark: string,
  options?: AbortOptions,
): Promise<string | undefined> {
  const found = await calls.run(
    {
      doing: `look at ${key}`,
      action: "s3:GetObject",
      signal: options?.signal,
      expected: ({ name, status }) => status === 404 && name !== "NoSuchBucket",
    },
    (s3, send) => s3.headObject({ ...calls.place, Key: objectName(calls.location, key) }, send),
  );
  if (found instanceof Refused || found.Metadata?.[MARK] !== mark) return undefined;
  return bareEtag(found.ETag);
}

/** Puts an object of one piece. */
export async function putObject(
  calls: S3Calls,
  key: string,
  body: Uint8Array,
  encryption: Encryption,
  condition: Condition,
  options?: AbortOptions,
): Promise<PutOutcome> {
  const mark = newMark();
  const put = await calls.run(
    {
      doing: `put ${key}`,
      action: "s3:PutObject",
      bytes: body.length,
      signal: options?.signal,
      expected: conditionFailed(condition),
    },
    (s3, send) =>
      s3.putObject(
        {
          ...calls.place,
          Key: objectName(calls.location, key),
          Body: body,
          ...objectFields(mark, encryption),
          ...conditionFields(condition),
        },
        send,
      ),
  );
  if (!(put instanceof Refused)) return { stored: true, etag: bareEtag(put.ETag) };
  const etag = put.ambiguous ? await etagOfMark(calls, key, mark, options) : undefined;
  return etag === undefined ? { stored: false } : { stored: true, etag };
}
