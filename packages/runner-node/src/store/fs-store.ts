import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { isRunnerError, RunnerError } from "../runner-error.ts";
import { processMark } from "./process-mark.ts";
import { assertKey, type ReadRange, type Store } from "./store.ts";

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
/** Tries of a put: a directory on a network may fail for a moment. */
const TRIES = 2;
const PIECES_AT_ONCE = 512;

/**
 * A directory, as the package payload-fs lays it out. Objects appear whole: a temporary file is linked to its final name. Calls wait for the disk: nine of
 * them by way of other threads take longer than all else that a small job costs.
 */
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

  prepare(): void {
    // There is nothing to be connected to.
  }

  async ranges<Result>(key: string, use: (size: number, read: ReadRange) => Promise<Result>): Promise<Result> {
    const file = this.#open(key);
    try {
      const { size } = reading(key, () => fstatSync(file));
      return await use(size, async (start, end) => readFully(key, file, start, Math.min(end, size)));
    } finally {
      closeSync(file);
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
        return this.#put(this.#path(key), pieces);
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

  #open(key: string): number {
    try {
      return openSync(this.#path(key), constants.O_RDONLY | NO_FOLLOW);
    } catch (reason) {
      if (errnoOf(reason) === "ENOENT") throw new RunnerError("store", `${key} is not in the store`, { cause: reason });
      throw failure("read", key, reason);
    }
  }

  #put(path: string, pieces: readonly Uint8Array[]): boolean {
    const temporary = join(this.#root, "~tmp", `${this.#mark}${randomBytes(12).toString("hex")}`);
    const file = withFolder(temporary, () => openSync(temporary, CREATE, 0o600));
    try {
      try {
        writePieces(file, pieces);
      } finally {
        closeSync(file);
      }
      withFolder(path, () => linkSync(temporary, path));
      return true;
    } finally {
      unlinkSync(temporary);
    }
  }
}

/** Does something with a file whose folder may have to be made first. */
function withFolder<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (reason) {
    if (errnoOf(reason) !== "ENOENT") throw reason;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return act();
  }
}

function readFully(key: string, file: number, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let at = 0;
  while (at < bytes.length) {
    const read = reading(key, () => readSync(file, bytes, at, bytes.length - at, start + at));
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

function writePieces(file: number, pieces: readonly Uint8Array[]): void {
  let rest = pieces.filter((piece) => piece.length > 0);
  while (rest.length > 0) rest = after(rest, writevSync(file, rest.slice(0, PIECES_AT_ONCE)));
}

/** What is left of pieces of which so many bytes were written: the system may cut a write short. */
function after(pieces: Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  let first = 0;
  for (let piece = pieces[0]; piece !== undefined && left >= piece.length; piece = pieces[first]) {
    left -= piece.length;
    first += 1;
  }
  const rest = pieces.slice(first);
  if (left > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(left);
  return rest;
}

function reading<Result>(key: string, act: () => Result): Result {
  try {
    return act();
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
