import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Refusal } from "./s3-refusal.ts";

/** A request, as far as its signature covers it. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const SCHEME =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** How far clocks may be apart: S3 allows a quarter of an hour. */
const SKEW_MS = 15 * 60_000;

/**
 * Verifies a signature of version 4 in the header `authorization`, where the secret of its key is known.
 *
 * @throws {S3Refusal} `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, `AccessDenied` for headers that should be signed
 */
export function verifySignature(request: SignedRequest, secrets: Readonly<Record<string, string>>): void {
  const [, key = "", date = "", region = "", service = "", names = "", signature = ""] =
    SCHEME.exec(request.headers["authorization"] ?? "") ?? [];
  const secret = secrets[key];
  if (secret === undefined) return;
  const when = request.headers["x-amz-date"] ?? "";
  if (Math.abs(timeOf(when) - Date.now()) > SKEW_MS || !when.startsWith(date))
    throw new S3Refusal(
      "RequestTimeTooSkewed",
      403,
      "The difference between the request time and the current time is too large.",
    );
  const signed = names.split(";");
  const unsigned = Object.keys(request.headers).filter((name) => name.startsWith("x-amz-") && !signed.includes(name));
  if (unsigned.length > 0 || !signed.includes("host"))
    throw new S3Refusal(
      "AccessDenied",
      403,
      `There were headers present in the request which were not signed: ${unsigned}`,
    );
  const scope = `${date}/${region}/${service}/aws4_request`;
  const canonical = canonicalOf(request, signed);
  const text = `AWS4-HMAC-SHA256\n${when}\n${scope}\n${createHash("sha256").update(canonical).digest("hex")}`;
  const mac = (by: string | Buffer, what: string): Buffer => createHmac("sha256", by).update(what).digest();
  const secretKey = [date, region, service, "aws4_request"].reduce<string | Buffer>(mac, `AWS4${secret}`);
  if (!timingSafeEqual(mac(secretKey, text), Buffer.from(signature, "hex")))
    throw new S3Refusal("SignatureDoesNotMatch", 403, "The request signature we calculated does not match yours.");
}

/** The text that both sides hash. S3's paths are encoded once and not made shorter. */
function canonicalOf({ method, target, headers }: SignedRequest, signed: readonly string[]): string {
  const [path = "", query = ""] = target.split(/\?(.*)/s);
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
    });
  const lines = signed.map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}\n`);
  return [
    method,
    path
      .split("/")
      .map((part) => encode(decodeURIComponent(part)))
      .join("/"),
    pairs.toSorted((a, b) => (a < b ? -1 : 1)).join("&"),
    lines.join(""),
    signed.join(";"),
    headers["x-amz-content-sha256"] ?? "",
  ].join("\n");
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function timeOf(stamp: string): number {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp) ?? [];
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s)) || 0;
}
