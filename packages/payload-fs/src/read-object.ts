import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { largeEtag, SMALL_BYTES, smallEtag } from "./etag.ts";
import { errnoOf } from "./fs-failure.ts";

// A read of this size takes a few milliseconds: an abort is seen soon.
const CHUNK_BYTES = 8 * 1024 * 1024;
// O_NONBLOCK: opening a pipe that somebody put here would wait for a writer.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** An object's bytes, or a part of them, with its etag. */
export interface ReadObject {
  readonly body: Uint8Array;
  readonly etag: string;
}

/**
 * Reads a file whole or in part; `undefined` when there is none.
 * @throws {AdapterError} `too-large`; `rejected` when it is a symbolic link.
 */
export async function readObject(
  path: string,
  range: { readonly start: number; readonly end: number } | undefined,
  maxBytes: number,
  options?: AbortOptions,
): Promise<ReadObject | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, FLAGS);
  } catch (reason) {
    const errno = errnoOf(reason);
    if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
    if (errno === "ELOOP" || errno === "EMLINK")
      throw new AdapterError("rejected", `${path} is a symbolic link: not followed`);
    throw reason;
  }
  try {
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) return undefined;
    const size = Number(stat.size);
    const start = Math.min(range?.start ?? 0, size);
    const end = Math.max(start, Math.min(range?.end ?? size, size));
    if (end - start > maxBytes)
      throw new AdapterError("too-large", `${path}: ${end - start} bytes to read, limit ${maxBytes}`);
    if (size > SMALL_BYTES) return { body: await readPart(file, start, end, path, options), etag: largeEtag(stat) };
    const whole = await readPart(file, 0, size, path, options);
    return { body: whole.subarray(start, end), etag: smallEtag(createHash("sha256").update(whole).digest("hex")) };
  } finally {
    await file.close();
  }
}

async function readPart(
  file: FileHandle,
  start: number,
  end: number,
  path: string,
  options?: AbortOptions,
): Promise<Uint8Array> {
  // Not from the pool: a small object would keep 8 KiB of others alive.
  const body = Buffer.allocUnsafeSlow(end - start);
  for (let at = 0; at < body.length; ) {
    options?.signal?.throwIfAborted();
    const { bytesRead } = await file.read(body, at, Math.min(CHUNK_BYTES, body.length - at), start + at);
    if (bytesRead === 0) throw new AdapterError("unavailable", `${path} became shorter while it was read`);
    at += bytesRead;
  }
  return body;
}
