import { randomBytes } from "node:crypto";
import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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
 * Finds out whether {@link writePrivateFile} could write a file, and leaves nothing there.
 * @throws {AdapterError} `config` when it could not
 */
export async function assertWritable(path: string): Promise<void> {
  if (path === "")
    throw new AdapterError(
      "config",
      "--toml-file, --config, --variables-file: expected the name of a file, got an empty one",
    );
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile()) {
    throw new AdapterError("config", `${path}: expected a file that can be written, got something else of that name`);
  }
  const folder = await nearestFolder(dirname(await targetOf(path)));
  const trial = join(folder, `.${randomBytes(8).toString("hex")}.new`);
  try {
    await writeFile(trial, "", { mode: 0o600, flag: "wx" });
  } catch (reason) {
    throw notWritten(path, reason);
  } finally {
    await rm(trial, { force: true }).catch(() => undefined);
  }
}

/** The folder itself, or the one above it that is there. */
async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined || dirname(path) === path ? path : await nearestFolder(dirname(path));
}

/** Where a link leads: a file that is shared by one stays shared. */
const targetOf = async (path: string): Promise<string> => await realpath(path).catch(() => path);

const notWritten = (path: string, reason: unknown): AdapterError => {
  const text = `${path}: expected a place that can be written to, got ${(reason as NodeJS.ErrnoException).code}`;
  return new AdapterError("config", text, { cause: reason });
};

/**
 * Writes a file that only its owner may read, whole or not at all. Names of resources are no secrets, but whoever may change this file decides
 * where tasks go.
 * @throws {AdapterError} `config` when it cannot be written
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const target = await targetOf(path);
  const fresh = `${target}.${randomBytes(4).toString("hex")}.new`;
  try {
    await makeFolder(dirname(target));
    await writeFile(fresh, text, { mode: 0o600, flag: "wx" });
    await rename(fresh, target);
  } catch (reason) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw notWritten(path, reason);
  }
}
