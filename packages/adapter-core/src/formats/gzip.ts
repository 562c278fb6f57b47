import { promisify } from "node:util";
import { constants, gunzip, gunzipSync, gzip, gzipSync } from "node:zlib";
import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";

/** Bytes below which nothing is compressed. */
export const COMPRESS_FROM_BYTES: number = 4 * 1024;

const SYNC_BYTES = 32 * 1024;
const PROBE_BYTES = 4 * 1024;
const LEAST_GAIN = 0.05;
const CHUNK_BYTES = 1024 * 1024;

const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);

/** Bytes to store, and whether they are gzip. */
export interface Compressed {
  readonly bytes: Uint8Array;
  readonly gzip: boolean;
}

/** Compresses when it pays: at least 5 % smaller. */
export async function compress(bytes: Uint8Array, options?: AbortOptions): Promise<Compressed> {
  options?.signal?.throwIfAborted();
  const plain = { bytes, gzip: false };
  if (bytes.length < COMPRESS_FROM_BYTES || !promising(bytes)) return plain;
  const packed = bytes.length <= SYNC_BYTES ? gzipSync(bytes) : await gzipAsync(bytes, { chunkSize: CHUNK_BYTES });
  options?.signal?.throwIfAborted();
  return packed.length <= bytes.length * (1 - LEAST_GAIN) ? { bytes: packed, gzip: true } : plain;
}

/**
 * Uncompresses, never to more than was declared.
 * @throws {AdapterError} `too-large` when `raw` is above `limit`; `corrupt` when the bytes are not gzip or not of `raw` bytes.
 */
export async function decompress(
  bytes: Uint8Array,
  raw: number,
  limit: number,
  options?: AbortOptions,
): Promise<Uint8Array> {
  options?.signal?.throwIfAborted();
  if (raw > limit) throw new AdapterError("too-large", `${raw} bytes after decompression, limit ${limit}`);
  const bounded = {
    maxOutputLength: Math.max(raw, 1),
    chunkSize: Math.min(CHUNK_BYTES, Math.max(raw, constants.Z_MIN_CHUNK)),
  };
  let plain: Uint8Array;
  try {
    plain = raw <= SYNC_BYTES ? gunzipSync(bytes, bounded) : await gunzipAsync(bytes, bounded);
  } catch (reason) {
    throw new AdapterError("corrupt", `${bytes.length} bytes of gzip do not make ${raw} bytes`, { cause: reason });
  }
  options?.signal?.throwIfAborted();
  if (plain.length === raw) return plain;
  throw new AdapterError("corrupt", `gzip made ${plain.length} bytes, declared were ${raw}`);
}

function promising(bytes: Uint8Array): boolean {
  if (bytes.length <= 2 * PROBE_BYTES) return true;
  const middle = (bytes.length - PROBE_BYTES) >> 1;
  const probe = gzipSync(bytes.subarray(middle, middle + PROBE_BYTES), { level: constants.Z_BEST_SPEED });
  return probe.length <= PROBE_BYTES * (1 - LEAST_GAIN);
}
