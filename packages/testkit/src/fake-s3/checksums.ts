import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Refusal } from "./s3-refusal.ts";

let castagnoli: Uint32Array | undefined;

function crc32c(bytes: Uint8Array): number {
  castagnoli ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let value = n;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value;
  });
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (castagnoli[(sum ^ byte) & 0xff] ?? 0) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

function base64Of(word: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(word);
  return bytes.toString("base64");
}

/** The checksum that S3 keeps of an object when the client sent none of its own. */
export function crc32Of(bytes: Uint8Array): string {
  return base64Of(crc32(bytes));
}

const SUMS: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  "content-md5": (bytes) => createHash("md5").update(bytes).digest("base64"),
  "x-amz-checksum-crc32": crc32Of,
  "x-amz-checksum-crc32c": (bytes) => base64Of(crc32c(bytes)),
  "x-amz-checksum-sha1": (bytes) => createHash("sha1").update(bytes).digest("base64"),
  "x-amz-checksum-sha256": (bytes) => createHash("sha256").update(bytes).digest("base64"),
};

/**
 * Compares every checksum that came with a body, in a header or in a trailer, with the body. (CRC64NVME is taken as it is.)
 * @throws {S3Refusal} `BadDigest` and `XAmzContentSHA256Mismatch`, as S3 says
 */
export function verifyChecksums(bytes: Uint8Array, headers: Readonly<Record<string, string | undefined>>): void {
  for (const [name, sum] of Object.entries(SUMS)) {
    const claimed = headers[name];
    if (claimed !== undefined && claimed !== sum(bytes))
      throw new S3Refusal("BadDigest", 400, `The ${name} you specified did not match the calculated checksum.`);
  }
  const digest = headers["x-amz-content-sha256"];
  if (digest !== undefined && /^[0-9a-f]{64}$/.test(digest)) {
    if (createHash("sha256").update(bytes).digest("hex") !== digest)
      throw new S3Refusal("XAmzContentSHA256Mismatch", 400, "The provided x-amz-content-sha256 does not match.");
  }
}
