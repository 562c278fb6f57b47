import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { S3Calls } from "./s3-calls.ts";
import { keyOfName, objectName } from "./s3-location.ts";

/** Keys in one request; S3 takes no more. */
const KEYS_A_REQUEST = 1_000;
/** Size of the request, in bytes, for its time-out: a key with its tags. */
const BYTES_A_KEY = 1_100;

/** Deletes keys, a thousand with a request. Those that S3 could not delete now are sent again. */
export async function deleteObjects(calls: S3Calls, keys: readonly string[], options?: AbortOptions): Promise<void> {
  for (let at = 0; at < keys.length; at += KEYS_A_REQUEST) {
    await deleteSome(calls, keys.slice(at, at + KEYS_A_REQUEST), options);
  }
}

async function deleteSome(calls: S3Calls, keys: readonly string[], options?: AbortOptions): Promise<void> {
  let left = keys;
  const bytes = left.length * BYTES_A_KEY;
  const doing = left.length === 1 ? `delete ${left[0]}` : `delete ${left.length} objects`;
  await calls.done({ doing, action: "s3:DeleteObject", bytes, signal: options?.signal }, async (s3, send) => {
    const Objects = left.map((key) => ({ Key: objectName(calls.location, key) }));
    const answer = await s3.deleteObjects({ ...calls.place, Delete: { Objects, Quiet: true } }, send);
    const errors = (answer.Errors ?? []).filter(({ Code }) => Code !== "NoSuchKey");
    const [first] = errors;
    if (first === undefined) return;
    const failed = new Set(errors.map(({ Key = "" }) => keyOfName(calls.location, Key)));
    left = left.filter((key) => failed.has(key));
    // As S3 answers when the whole request fails, so that it is judged and repeated as such.
    throw Object.assign(new Error(first.Message ?? first.Code ?? "not deleted"), {
      name: first.Code ?? "InternalError",
    });
  });
}
