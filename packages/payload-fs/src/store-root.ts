import { lstat, mkdir, mkdtemp, readdir, realpath, rm, stat, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { errnoOf, fromFs } from "./fs-failure.ts";
import { makerOf } from "./process-mark.ts";

/** Folder of the root for files that are not objects yet, and for locks. No key can name it: `~` is no character of a key. */
export const TEMPORARY_FOLDER = "~tmp";

// Long after any put and any lock: only for names that do not tell whether their maker lives.
const STRAY_MS = 24 * 60 * 60 * 1000;

/** Directories are for their owner only: payloads are users' code and data. */
export const DIRECTORY_MODE = 0o700;

/** A store's directory, checked and ready. */
export interface StoreRoot {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Made for this process: removed at disposal. */
  readonly temporary: boolean;
}

/**
 * Prepares the directory of a store and sweeps what dead processes left half-written in it.
 *
 * @param directory made if absent and kept afterwards. @default a fresh one under the system's folder for temporary files
 * @throws {AdapterError} `config` when it is no directory, not ours, or others may write to it; `denied`, `unavailable`
 */
export async function openRoot(directory: string | undefined): Promise<StoreRoot> {
  const wanted = directory === undefined ? tmpdir() : resolve(directory);
  try {
    const path = await realpath(
      directory === undefined ? await mkdtemp(join(wanted, "scaler-aws-hpc-")) : await made(wanted),
    );
    await assertPrivate(path);
    const folder = join(path, TEMPORARY_FOLDER);
    await mkdir(folder, { recursive: true, mode: DIRECTORY_MODE });
    if (!(await lstat(folder)).isDirectory()) {
      throw new AdapterError("config", `store directory ${path}: ${TEMPORARY_FOLDER} in it must be a directory`);
    }
    await sweep(folder);
    return { path, temporary: directory === undefined };
  } catch (reason) {
    throw await fromFs(reason, "open the store directory", wanted);
  }
}

/** Removes the directory of a store with all that is in it. */
export async function removeRoot(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

async function made(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  } catch (reason) {
    if (errnoOf(reason) !== "EEXIST" && errnoOf(reason) !== "ENOTDIR") throw reason;
    throw new AdapterError("config", `store directory ${directory}: expected a directory, found something else there`);
  }
  return directory;
}

async function assertPrivate(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  const me = process.getuid?.();
  if (me === undefined) return;
  if (uid !== me) {
    throw new AdapterError(
      "config",
      `store directory ${path}: belongs to user ${uid}, this is user ${me}; choose another`,
    );
  }
  if ((mode & 0o022) === 0) return;
  const bits = (mode & 0o777).toString(8);
  throw new AdapterError(
    "config",
    `store directory ${path}: others may write to it (mode ${bits}); run chmod go-w on it`,
  );
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    try {
      const maker = makerOf(name);
      // Locks carry their maker inside and are released or taken over by who wants them; an old one is in nobody's way.
      const dead = maker === "dead" || (maker === "unknown" && Date.now() - (await lstat(path)).mtimeMs > STRAY_MS);
      if (dead) await unlink(path);
    } catch (reason) {
      // Another process swept at the same time, or a directory was put here by hand.
      if (!["ENOENT", "EISDIR", "EPERM"].includes(errnoOf(reason) ?? "")) throw reason;
    }
  }
}
