import type { IncomingMessage } from "node:http";
import { verifyChecksums } from "./checksums.ts";
import { S3Refusal } from "./s3-refusal.ts";

/** A request's body, without the framing that SDKs may put around it, and the trailers of that framing. */
export interface RequestBody {
  readonly bytes: Buffer;
  readonly trailers: Readonly<Record<string, string>>;
}

/** Reads a body whole, takes `aws-chunked` apart and compares it with each checksum that came along. @throws {S3Refusal} */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(",") : value;
  };
  const chunked =
    header("x-amz-content-sha256")?.startsWith("STREAMING-") || header("content-encoding")?.includes("aws-chunked");
  const body = chunked ? unchunk(raw) : { bytes: raw, trailers: {} };
  const length = header("x-amz-decoded-content-length");
  if (length !== undefined && Number(length) !== body.bytes.length)
    throw new S3Refusal("IncompleteBody", 400, "You did not provide the number of bytes that you promised.");
  const announced = header("x-amz-trailer");
  if (announced !== undefined && body.trailers[announced.trim().toLowerCase()] === undefined)
    throw new S3Refusal("MalformedTrailerError", 400, "The request contained trailing data that was not well-formed.");
  verifyChecksums(body.bytes, { ...flat(request), ...body.trailers });
  return body;
}

/** The headers of a request, one value each. */
export function flat(request: IncomingMessage): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]),
  );
}

/** `<hex size>[;chunk-signature=...]\r\n<bytes>\r\n`, a chunk of size 0, then trailers. */
function unchunk(raw: Buffer): RequestBody {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = raw.indexOf("\r\n", at);
    const size = end < 0 ? Number.NaN : Number.parseInt(raw.toString("latin1", at, end), 16);
    if (!Number.isSafeInteger(size) || end + 2 + size > raw.length)
      throw new S3Refusal("IncompleteBody", 400, "The request body terminated unexpectedly.");
    at = end + 2;
    if (size === 0) break;
    pieces.push(raw.subarray(at, at + size));
    at += size + 2;
  }
  const trailers: Record<string, string> = {};
  for (const line of raw.toString("latin1", at).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { bytes: Buffer.concat(pieces), trailers };
}
