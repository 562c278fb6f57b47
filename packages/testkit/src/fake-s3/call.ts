/** The requests that the fake answers, by their names in S3's API. */
export type S3Operation =
  | "GetObject"
  | "HeadObject"
  | "PutObject"
  | "DeleteObject"
  | "DeleteObjects"
  | "ListObjectsV2"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "ListMultipartUploads"
  | "HeadBucket"
  | "CreateBucket"
  | "ListBuckets"
  | "GetBucketLocation"
  | "Unknown";

/** One request, as handlers see it. */
export interface S3Call {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** Without a leading slash, decoded. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** One answer. */
export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** The bucket, the key and the operation of a request: path style, or virtual host style with a name before the first dot. */
export function nameCall(
  method: string,
  url: URL,
  host: string,
): Pick<S3Call, "operation" | "bucket" | "key" | "query"> {
  const name = host.replace(/:\d+$/, "");
  const virtual = /^[^.]+\.(?:localhost$|s3[.-])/.test(name) ? name.slice(0, name.indexOf(".")) : undefined;
  const path = url.pathname.slice(1);
  const slash = path.indexOf("/");
  const bucket = virtual ?? decodeURIComponent(slash < 0 ? path : path.slice(0, slash));
  const key = decodeURIComponent(virtual !== undefined ? path : slash < 0 ? "" : path.slice(slash + 1));
  const query = url.searchParams;
  return { operation: operationOf(method, bucket, key, query), bucket, key, query };
}

function operationOf(method: string, bucket: string, key: string, query: URLSearchParams): S3Operation {
  const of = (names: Readonly<Record<string, S3Operation>>): S3Operation => names[method] ?? "Unknown";
  if (bucket === "") return of({ GET: "ListBuckets" });
  if (key === "") {
    if (query.has("location")) return of({ GET: "GetBucketLocation" });
    if (query.has("uploads")) return of({ GET: "ListMultipartUploads" });
    if (query.has("delete")) return of({ POST: "DeleteObjects" });
    if (query.get("list-type") === "2") return of({ GET: "ListObjectsV2" });
    return of({ HEAD: "HeadBucket", PUT: "CreateBucket" });
  }
  if (query.has("uploads")) return of({ POST: "CreateMultipartUpload" });
  if (query.has("uploadId"))
    return of({ PUT: "UploadPart", POST: "CompleteMultipartUpload", DELETE: "AbortMultipartUpload" });
  return of({ GET: "GetObject", HEAD: "HeadObject", PUT: "PutObject", DELETE: "DeleteObject" });
}

/** What the one who puts an object says of it, by name. */
export function metadataOf(call: S3Call): Readonly<Record<string, string>> {
  const metadata = Object.entries(call.headers)
    .filter(([name]) => name.startsWith("x-amz-meta-"))
    .map(([name, value]) => [name.slice("x-amz-meta-".length), value ?? ""]);
  return Object.fromEntries(metadata) as Readonly<Record<string, string>>;
}
