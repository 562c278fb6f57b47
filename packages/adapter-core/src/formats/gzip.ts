import { promisify } from "node:util";
import { constants, gunzip, gunzipSync, gzip, gzipSync } from "node:zlib";
import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";

/** Bytes below which nothing is compressed. */
export const COMPRESS_FROM_BYTES: number = 4 * 1024;

// On Node 24, 28 KB: 0.26 ms here, 0.36 ms by way of a thread; from 64 KB on both cost the same and the thread blocks nobody (256 KB: 0.2 ms
// instead of 4.4 ms). pako makes the same bytes in 2.5 to 8 times the time (28 KB: 0.82 ms, 50 MB: 2.4 s, all of it blocking), at every size
// and in both directions, so it is not used. `npm run bench gzip` prints the table.
const SYNC_BYTES = 32 * 1024;
// Level 1 takes two thirds of the time of level 6 and gives within 1 % of its size on mixed bytes.
const FAST_FROM_BYTES = 1024 * 1024;
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
  const packed =
    bytes.length <= SYNC_BYTES
      ? gzipSync(bytes)
      : await gzipAsync(bytes, {
          chunkSize: CHUNK_BYTES,
          level: bytes.length < FAST_FROM_BYTES ? constants.Z_DEFAULT_COMPRESSION : constants.Z_BEST_SPEED,
        });
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
