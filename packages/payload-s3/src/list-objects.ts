import type { _Object as ListedObject } from "@aws-sdk/client-s3";
import { type AbortOptions, AdapterError, assertKey, type StoredObject } from "@scaler-aws-hpc/adapter-core";
import type { S3Calls } from "./s3-calls.ts";
import { keyOfName, objectName } from "./s3-location.ts";

/** The objects whose keys start with `prefix`, page by page of 1,000. Names that are no keys are passed over: the bucket may hold others. */
export async function* listObjects(
  calls: S3Calls,
  prefix: string,
  options?: AbortOptions,
): AsyncGenerator<StoredObject, void, undefined> {
  let token: string | undefined;
  let last = "";
  do {
    const page = await listPage(calls, prefix, token, options);
    for (const { Key: name = "", Size: size = 0, LastModified: modified } of page.objects) {
      // What comes twice or in another order would be worked on twice, or for ever.
      if (name <= last) throw new AdapterError("corrupt", `list ${prefix}: S3 gave names that are not in order`);
      last = name;
      const key = keyOfName(calls.location, name);
      if (!key.startsWith(prefix) || !isKey(key)) continue;
      options?.signal?.throwIfAborted();
      yield { key, size, modifiedMs: modified?.getTime() ?? 0 };
    }
    token = page.next;
  } while (token !== undefined);
}

/**
 * Asks for one object at most: whether the bucket is there, in this region, of this owner, and may be listed. Not HeadBucket, which a policy
 * that allows lists of the prefix only refuses, and which says not why.
 *
 * @throws {AdapterError} `config`, `denied`, `unavailable`
 */
export async function checkBucket(calls: S3Calls, options?: AbortOptions): Promise<void> {
  await calls.done(
    { doing: `open s3://${calls.location.bucket}`, action: "s3:ListBucket", signal: options?.signal },
    (s3, send) => s3.listObjectsV2({ ...calls.place, Prefix: objectName(calls.location, ""), MaxKeys: 1 }, send),
  );
}

interface Page {
  readonly objects: readonly ListedObject[];
  readonly next: string | undefined;
}

async function listPage(
  calls: S3Calls,
  prefix: string,
  token: string | undefined,
  options?: AbortOptions,
): Promise<Page> {
  const request = { doing: `list ${prefix}`, action: "s3:ListBucket", signal: options?.signal };
  const page = await calls.done(request, (s3, send) => {
    const input = { ...calls.place, Prefix: objectName(calls.location, prefix) };
    return s3.listObjectsV2(token === undefined ? input : { ...input, ContinuationToken: token }, send);
  });
  const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  if (page.IsTruncated === true && next === undefined) {
    throw new AdapterError("unavailable", `list ${prefix}: S3 says that there is more, and not where`);
  }
  return { objects: page.Contents ?? [], next };
}

function isKey(key: string): boolean {
  try {
    assertKey(key);
    return true;
  } catch {
    return false;
  }
}
