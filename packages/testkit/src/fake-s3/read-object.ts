import type { S3Answer, S3Call } from "./call.ts";
import { type ObjectTable, preconditionFailed, type StoredObject, unquoted } from "./object-table.ts";
import { S3Refusal } from "./s3-refusal.ts";

/** GetObject and HeadObject: ranges, conditions, and the checksum where a client asks for it. @throws {S3Refusal} */
export function readObject(call: S3Call, objects: ObjectTable): S3Answer {
  const object = objects.get(call.key);
  if (object === undefined) throw new S3Refusal("NoSuchKey", 404, "The specified key does not exist.");
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch, range } = call.headers;
  const is = (tag: string): boolean => tag === "*" || unquoted(tag) === unquoted(object.etag);
  if (ifMatch !== undefined && !is(ifMatch)) throw preconditionFailed();
  if (ifNoneMatch !== undefined && is(ifNoneMatch)) return { status: 304, headers: { etag: object.etag } };
  const span = range === undefined ? undefined : spanOf(range, object.bytes.length);
  const body = span === undefined ? object.bytes : object.bytes.subarray(span.start, span.end);
  const whole: Record<string, string> = {};
  if (span !== undefined) whole["content-range"] = `bytes ${span.start}-${span.end - 1}/${object.bytes.length}`;
  else if (call.headers["x-amz-checksum-mode"]?.toUpperCase() === "ENABLED" && object.crc32 !== undefined) {
    whole["x-amz-checksum-crc32"] = object.crc32;
    whole["x-amz-checksum-type"] = "FULL_OBJECT";
  }
  return {
    status: span === undefined ? 200 : 206,
    headers: { ...headersOf(object), ...whole, "content-length": String(body.length) },
    ...(call.operation === "GetObject" ? { body } : {}),
  };
}

function headersOf(object: StoredObject): Record<string, string> {
  const metadata = Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  return {
    etag: object.etag,
    "last-modified": object.modified.toUTCString(),
    "content-type": object.contentType,
    "accept-ranges": "bytes",
    ...Object.fromEntries(metadata),
  };
}

/** A header that is no range is ignored, as S3 does; one that begins behind the end is an error. */
function spanOf(range: string, size: number): { readonly start: number; readonly end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range.trim());
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start >= size || (first === "" && Number(last) === 0))
    throw new S3Refusal("InvalidRange", 416, "The requested range is not satisfiable", {
      "content-range": `bytes */${size}`,
    });
  return end <= start ? undefined : { start, end };
}
