import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { AbortOptions, StoredObject } from "@scaler-aws-hpc/adapter-core";
import { errnoOf } from "./fs-failure.ts";
import { folderExists } from "./object-path.ts";

const STATS_AT_ONCE = 32;
const NAME = /^[A-Za-z0-9._-]+$/;

/**
 * The objects whose keys start with `prefix`, in ascending order of key. Symbolic links and names that are part of no key are passed over.
 * @throws {AdapterError} `rejected` when the prefix leads through a symbolic link.
 */
export async function* walk(
  root: string,
  prefix: string,
  options?: AbortOptions,
): AsyncGenerator<StoredObject, void, undefined> {
  const cut = prefix.lastIndexOf("/") + 1;
  const folder = prefix.slice(0, cut);
  options?.signal?.throwIfAborted();
  if (await folderExists(join(root, folder).replace(/\/$/, "")))
    yield* inFolder(root, folder, prefix.slice(cut), options);
}

async function* inFolder(
  root: string,
  folder: string,
  start: string,
  options?: AbortOptions,
): AsyncGenerator<StoredObject, void, undefined> {
  const entries = await entriesOf(join(root, folder), start);
  for (let at = 0; at < entries.length; at += STATS_AT_ONCE) {
    options?.signal?.throwIfAborted();
    const some = entries.slice(at, at + STATS_AT_ONCE);
    const stats = await Promise.all(
      some.map((name) => (name.endsWith("/") ? undefined : statOf(join(root, folder, name)))),
    );
    for (const [index, name] of some.entries()) {
      options?.signal?.throwIfAborted();
      const stat = stats[index];
      if (name.endsWith("/")) yield* inFolder(root, folder + name, "", options);
      else if (stat?.isFile()) yield { key: folder + name, size: stat.size, modifiedMs: stat.mtimeMs };
    }
  }
}

/** Names in a folder, sorted as their keys are: a folder's with the slash that follows it there. */
async function entriesOf(folder: string, start: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter(
        (entry) => NAME.test(entry.name) && (entry.isFile() || entry.isDirectory()) && entry.name.startsWith(start),
      )
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort();
  } catch (reason) {
    if (errnoOf(reason) === "ENOENT" || errnoOf(reason) === "ENOTDIR") return [];
    throw reason;
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (reason) {
    // Deleted since the folder was read.
    if (errnoOf(reason) === "ENOENT" || errnoOf(reason) === "ENOTDIR") return undefined;
    throw reason;
  }
}
