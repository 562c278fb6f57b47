import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";

/** The text of a file; `undefined` when there is none. @throws {AdapterError} `config` when it cannot be read */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new AdapterError("config", `${path}: expected a file that can be read, got ${code}`, { cause: reason });
  }
}

/** Makes a folder and those above it. Not by `recursive`: Node tries for ever where a file system, such as /proc, makes no folders. */
async function makeFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (found === undefined && dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path).catch(async (reason: unknown) => {
    // Somebody else made it meanwhile.
    if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) throw reason;
  });
}

/**
 * Writes a file that only its owner may read, whole or not at all. Names of resources are no secrets, but whoever may change this file decides
 * where tasks go.
 * @throws {AdapterError} `config` when it cannot be written
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomBytes(4).toString("hex")}.new`;
  try {
    await makeFolder(dirname(path));
    await writeFile(fresh, text, { mode: 0o600, flag: "wx" });
    await rename(fresh, path);
  } catch (reason) {
    await rm(fresh, { force: true }).catch(() => undefined);
    const { code } = reason as NodeJS.ErrnoException;
    throw new AdapterError("config", `${path}: expected a place that can be written to, got ${code}`, {
      cause: reason,
    });
  }
}
