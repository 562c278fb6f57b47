import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import type { AbortOptions } from "../contracts/abort-options.ts";
import { AdapterError } from "../contracts/adapter-error.ts";

/** Length of a tag, in bytes. */
export const TAG_BYTES = 32;

// 1 MiB takes SHA-256 0.6 ms with processor support and about 4 ms without: heartbeats pass in between.
const CHUNK_BYTES = 1 << 20;
const SECRET = /^[0-9a-f]{64}$/;

/**
 * Signs pieces as one text with a job's key: HMAC-SHA256 over `label` and the pieces. Lets other work run after each MiB, so small
 * texts are signed without leaving the current turn of the event loop.
 *
 * @param label says what is signed and where it belongs; a tag made for one label fits no other.
 * @param secret hex of 32 bytes.
 * @throws {AdapterError} `internal` when `secret` is not hex of 32 bytes.
 */
async function tag(
  secret: string,
  label: string,
  pieces: readonly Uint8Array[],
  options?: AbortOptions,
): Promise<Uint8Array> {
  if (!SECRET.test(secret)) throw new AdapterError("internal", "a job's secret must be lower-case hex of 32 bytes");
  // As a key object: bytes are tried as one first, which fails inside and costs more than the signature of a small text.
  const hmac = createHmac("sha256", createSecretKey(secret, "hex")).update(label);
  let held = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      const chunk = piece.subarray(at, at + CHUNK_BYTES);
      if (held + chunk.length > CHUNK_BYTES) {
        await nextTurn();
        options?.signal?.throwIfAborted();
        held = 0;
      }
      hmac.update(chunk);
      held += chunk.length;
    }
  }
  return hmac.digest();
}

/** Signs one section of a bundle. @throws {AdapterError} `internal` */
export function tagSection(
  secret: string,
  job: string,
  child: number,
  pieces: readonly Uint8Array[],
  options?: AbortOptions,
): Promise<Uint8Array> {
  return tag(secret, `bundle\n${job}\n${child}\n`, pieces, options);
}

/** Signs a result frame (header, then blobs) for the one key that it may be found under. @throws {AdapterError} `internal` */
export function tagFrame(
  secret: string,
  key: string,
  pieces: readonly Uint8Array[],
  options?: AbortOptions,
): Promise<Uint8Array> {
  return tag(secret, `frame\n${key}\n`, pieces, options);
}

/** Compares tags in a time that tells nothing about them. */
export function sameTag(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === TAG_BYTES && right.length === TAG_BYTES && timingSafeEqual(left, right);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
