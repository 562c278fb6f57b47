import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, unlink } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { isRunnerError, RunnerError } from "../runner-error.ts";
import { processMark } from "./process-mark.ts";
import { assertKey, type ReadRange, type Store } from "./store.ts";

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
/** Tries of a put: a directory on a network may fail for a moment. */
const TRIES = 2;
const PIECES_AT_ONCE = 512;

/** A directory, as the package payload-fs lays it out. Objects appear whole: a temporary file is linked to its final name. */
export class FsStore implements Store {
  readonly compress = false;
  readonly #root: string;
  readonly #mark = processMark();

  /** @throws {RunnerError} `store` */
  constructor(locator: Readonly<Record<string, unknown>>) {
    const { root } = locator;
    if (typeof root !== "string" || !isAbsolute(root))
      throw new RunnerError("store", "the fs store needs an absolute root");
    this.#root = root;
  }

  hurry(): void {
    // Nothing here takes long.
  }

  patience(): void {
    // Nor is anything here tried for long.
  }

  async ranges<Result>(key: string, use: (size: number, read: ReadRange) => Promise<Result>): Promise<Result> {
    const file = await this.#open(key);
    try {
      const { size } = await reading(key, () => file.stat());
      return await use(size, (start, end) => readFully(key, file, start, Math.min(end, size)));
    } finally {
      await file.close();
    }
  }

  whole(key: string, size: number): Promise<Buffer> {
    return this.ranges(key, (there, read) => {
      if (there === size) return read(0, size);
      throw new RunnerError("corrupt", `${key} has ${there} bytes instead of ${size}`);
    });
  }

  async putAbsent(key: string, pieces: readonly Uint8Array[]): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#put(this.#path(key), pieces);
      } catch (reason) {
        if (errnoOf(reason) === "EEXIST") return false;
        if (tries >= TRIES || isRunnerError(reason)) throw failure("write", key, reason);
      }
    }
  }

  #path(key: string): string {
    assertKey(key);
    return join(this.#root, key);
  }

  async #open(key: string): Promise<FileHandle> {
    try {
      return await open(this.#path(key), constants.O_RDONLY | NO_FOLLOW);
    } catch (reason) {
      if (errnoOf(reason) === "ENOENT") throw new RunnerError("store", `${key} is not in the store`, { cause: reason });
      throw failure("read", key, reason);
    }
  }

  async #put(path: string, pieces: readonly Uint8Array[]): Promise<boolean> {
    const temporary = join(this.#root, "~tmp", `${this.#mark}${randomBytes(12).toString("hex")}`);
    const file = await withFolder(temporary, () => open(temporary, CREATE, 0o600));
    try {
      try {
        await writePieces(file, pieces);
      } finally {
        await file.close();
      }
      await withFolder(path, () => link(temporary, path));
      return true;
    } finally {
      await unlink(temporary);
    }
  }
}

/** Does something with a file whose folder may have to be made first. */
async function withFolder<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (reason) {
    if (errnoOf(reason) !== "ENOENT") throw reason;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await act();
  }
}

async function readFully(key: string, file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await reading(key, () => file.read(bytes, at, bytes.length - at, start + at));
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

async function writePieces(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  for (let from = 0; from < pieces.length; from += PIECES_AT_ONCE) {
    const part = pieces.slice(from, from + PIECES_AT_ONCE);
    const wanted = part.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await file.writev(part);
    if (bytesWritten < wanted) await writeRest(file, part, bytesWritten);
  }
}

/** A write that the system cut short goes on where it ended. */
async function writeRest(file: FileHandle, pieces: readonly Uint8Array[], written: number): Promise<void> {
  let skip = written;
  for (const piece of pieces) {
    let at = Math.min(skip, piece.length);
    skip -= at;
    while (at < piece.length) at += (await file.write(piece, at)).bytesWritten;
  }
}

async function reading<Result>(key: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (reason) {
    throw failure("read", key, reason);
  }
}

function failure(verb: string, key: string, reason: unknown): RunnerError {
  if (isRunnerError(reason)) return reason;
  return new RunnerError("store", `cannot ${verb} ${key}: ${errnoOf(reason) ?? String(reason)}`, { cause: reason });
}

function errnoOf(reason: unknown): string | undefined {
  return reason instanceof Error && "code" in reason ? String(reason.code) : undefined;
}
