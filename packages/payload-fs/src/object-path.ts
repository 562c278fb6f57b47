import { realpathSync } from "node:fs";
import { lstat, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { errnoOf } from "./fs-failure.ts";
import { DIRECTORY_MODE } from "./store-root.ts";

/** Where a key's object is: the key's folders are folders of the root. `key` was checked by `assertKey`. */
export function pathOf(root: string, key: string): string {
  return join(root, key);
}

/**
 * Whether the folder of an object is there, and is what its name says: no symbolic link on the way leads elsewhere.
 * @throws {AdapterError} `rejected` when one does.
 */
export async function folderExists(folder: string): Promise<boolean> {
  try {
    return leadsToItself(folder, await realpath(folder));
  } catch (reason) {
    return leadsNowhere(reason);
  }
}

/** {@link folderExists} without leaving this thread: only for a file system that never keeps one waiting. */
export function folderExistsSync(folder: string): boolean {
  try {
    return leadsToItself(folder, realpathSync.native(folder));
  } catch (reason) {
    return leadsNowhere(reason);
  }
}

function leadsToItself(folder: string, real: string): true {
  if (real === folder) return true;
  throw new AdapterError("rejected", `${folder} lies behind a symbolic link: not followed`);
}

function leadsNowhere(reason: unknown): false {
  if (errnoOf(reason) === "ENOENT" || errnoOf(reason) === "ENOTDIR") return false;
  throw reason;
}

/**
 * Makes the folder of an object, and those above it up to the root, each one checked before anything is made in it.
 * @throws {AdapterError} `rejected` when an object or a symbolic link is in its place.
 */
export async function makeFolder(root: string, folder: string): Promise<void> {
  if (await folderExists(folder)) return;
  if (folder.length <= root.length) throw new AdapterError("unavailable", `the store directory ${root} is gone`);
  await makeFolder(root, dirname(folder));
  try {
    await mkdir(folder, { mode: DIRECTORY_MODE });
  } catch (reason) {
    if (errnoOf(reason) !== "EEXIST") throw reason;
    if (!(await lstat(folder)).isDirectory()) {
      throw new AdapterError("rejected", `${folder} must be a folder, but an object has that key`);
    }
  }
}
