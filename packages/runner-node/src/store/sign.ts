import { createHash, createHmac } from "node:crypto";

/** Keys of an AWS identity. */
export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** A request that is to be signed: path and query as they are sent. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** By lower-case name; all are signed, `x-amz-date` and `x-amz-content-sha256` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** SHA-256 of nothing, in hex. */
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/**
 * The Authorization header of AWS signature version 4.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function authorization(
  { method, path, query, headers }: SignedRequest,
  { accessKeyId, secretAccessKey }: AccessKeys,
  region: string,
  service = "s3",
): string {
  const names = Object.keys(headers).toSorted();
  const lines = names.map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/\s+/g, " ")}`);
  const signed = names.join(";");
  const canonical = [method, path, query, ...lines, "", signed, headers["x-amz-content-sha256"]].join("\n");
  const when = headers["x-amz-date"] ?? "";
  const scope = `${when.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", when, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const key = signingKey(secretAccessKey, when.slice(0, 8), region, service);
  const signature = createHmac("sha256", key).update(text).digest("hex");
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},SignedHeaders=${signed},Signature=${signature}`;
}

let known: { readonly words: string; readonly key: Buffer } | undefined;

/** The key of a day; the last one is kept, as it serves all requests of most jobs. */
function signingKey(secret: string, date: string, region: string, service: string): Buffer {
  const words = JSON.stringify([secret, date, region, service]);
  if (known?.words === words) return known.key;
  let key = Buffer.from(`AWS4${secret}`, "utf8");
  for (const part of [date, region, service, "aws4_request"]) key = createHmac("sha256", key).update(part).digest();
  known = { words, key };
  return key;
}

/** Percent-encodes text as the signature wants it. */
export function percent(text: string): string {
  const hex = (one: string): string => `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, hex);
}

/** Percent-encodes the parts of a path. */
export const percentPath = (path: string): string => path.split("/").map(percent).join("/");
