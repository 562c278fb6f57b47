import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
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

/** From `start` up to, not including, `end`; in bytes. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a file whole or in part; `undefined` when there is none.
 * @throws {AdapterError} `too-large`; `rejected` when it is a symbolic link.
 */
export async function readObject(
  path: string,
  range: Range | undefined,
  maxBytes: number,
  options?: AbortOptions,
): Promise<ReadObject | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, FLAGS);
  } catch (reason) {
    return absent(path, reason);
  }
  try {
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) return undefined;
    const { size, start, end } = placeOf(path, stat, range, maxBytes);
    if (size > SMALL_BYTES) return { body: await readPart(file, start, end, path, options), etag: largeEtag(stat) };
    return small(await readPart(file, 0, size, path, options), start, end);
  } finally {
    await file.close();
  }
}

/**
 * {@link readObject} for an object of at most {@link SMALL_BYTES}, without leaving this thread: a seventh of what a way to the thread pool and back
 * for each call costs. `large`: it is a larger one, and nothing was read. Only for a file system that never keeps one waiting.
 * @throws {AdapterError} as {@link readObject}
 */
export function readSmallObject(
  path: string,
  range: Range | undefined,
  maxBytes: number,
): ReadObject | "large" | undefined {
  let file: number;
  try {
    file = openSync(path, FLAGS);
  } catch (reason) {
    return absent(path, reason);
  }
  try {
    const stat = fstatSync(file, { bigint: true });
    if (!stat.isFile()) return undefined;
    const { size, start, end } = placeOf(path, stat, range, maxBytes);
    if (size > SMALL_BYTES) return "large";
    const whole = Buffer.allocUnsafeSlow(size);
    for (let at = 0; at < size; ) {
      const bytesRead = readSync(file, whole, at, size - at, at);
      if (bytesRead === 0) throw shorter(path);
      at += bytesRead;
    }
    return small(whole, start, end);
  } finally {
    closeSync(file);
  }
}

/** An object that cannot be opened: `undefined` when there is none. */
function absent(path: string, reason: unknown): undefined {
  const errno = errnoOf(reason);
  if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
  if (errno === "ELOOP" || errno === "EMLINK")
    throw new AdapterError("rejected", `${path} is a symbolic link: not followed`);
  throw reason;
}

function placeOf(
  path: string,
  stat: { readonly size: bigint },
  range: Range | undefined,
  maxBytes: number,
): { readonly size: number; readonly start: number; readonly end: number } {
  const size = Number(stat.size);
  const start = Math.min(range?.start ?? 0, size);
  const end = Math.max(start, Math.min(range?.end ?? size, size));
  if (end - start > maxBytes)
    throw new AdapterError("too-large", `${path}: ${end - start} bytes to read, limit ${maxBytes}`);
  return { size, start, end };
}

function small(whole: Uint8Array, start: number, end: number): ReadObject {
  return { body: whole.subarray(start, end), etag: smallEtag(createHash("sha256").update(whole).digest("hex")) };
}

const shorter = (path: string): AdapterError =>
  new AdapterError("unavailable", `${path} became shorter while it was read`);

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
    if (bytesRead === 0) throw shorter(path);
    at += bytesRead;
  }
  return body;
}
