import type { S3Answer, S3Call } from "./call.ts";
import type { ObjectTable } from "./object-table.ts";
import { S3Refusal } from "./s3-refusal.ts";
import { document, element } from "./xml.ts";

/** Most keys of one page. */
const PAGE = 1_000;

/** ListObjectsV2: prefix, delimiter, pages of at most 1,000, `start-after`, URL encoding of keys. @throws {S3Refusal} */
export function listObjects(call: S3Call, objects: ObjectTable): S3Answer {
  const { query } = call;
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const asked = Number(query.get("max-keys") ?? PAGE);
  if (!Number.isInteger(asked) || asked < 0)
    throw new S3Refusal("InvalidArgument", 400, "Provided max-keys not an integer or within integer range");
  const most = Math.min(asked, PAGE);
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url").toString();
  const contents: string[] = [];
  const folders: string[] = [];
  let last = after;
  let truncated = false;
  for (const key of objects.keys(prefix, after)) {
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    // A token may end inside a folder that was listed already.
    if (folder !== undefined && (folders.at(-1) === folder || after.startsWith(folder))) {
      last = key;
      continue;
    }
    if (contents.length + folders.length >= most) {
      truncated = most > 0;
      break;
    }
    (folder === undefined ? contents : folders).push(folder ?? key);
    last = key;
  }
  const encode = query.get("encoding-type") === "url" ? encodeURIComponent : (text: string) => text;
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: document(
      "ListBucketResult",
      [
        element("Name", call.bucket),
        element("Prefix", encode(prefix)),
        element("MaxKeys", most),
        element("KeyCount", contents.length + folders.length),
        element("IsTruncated", truncated),
        truncated ? element("NextContinuationToken", Buffer.from(last).toString("base64url")) : "",
        ...contents.map((key) => {
          const object = objects.get(key);
          const inner = [
            element("Key", encode(key)),
            element("LastModified", object?.modified.toISOString()),
            element("ETag", object?.etag),
            element("Size", object?.bytes.length),
            element("StorageClass", "STANDARD"),
          ];
          return `<Contents>${inner.join("")}</Contents>`;
        }),
        ...folders.map((folder) => `<CommonPrefixes>${element("Prefix", encode(folder))}</CommonPrefixes>`),
      ].join(""),
    ),
  };
}
