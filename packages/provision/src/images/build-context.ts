import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { assertFile } from "./build-flags.ts";

/** What an image is for; the name of the folder with its Dockerfile. */
export type ImageKind = "runner-python" | "runner-node" | "manager";

// src/images and dist/images lie equally deep, and this folder is packed beside them.
const IMAGES = new URL("../../images/", import.meta.url);

// The first second of 1980: archives know nothing older.
const EPOCH = 315_532_800;

/** Files of a context by the name that the Dockerfile expects: where each is copied from, or what is in it. */
type ContextFiles = Readonly<Record<string, { readonly from: string } | { readonly text: string }>>;

/** A folder with exactly what a build sees, nothing of the user's own; gone once disposed of. */
export interface BuildContext extends AsyncDisposable {
  readonly folder: string;
}

/** The Dockerfile of an image. */
export const dockerfileOf = (kind: ImageKind): string => fileURLToPath(new URL(`${kind}/Dockerfile`, IMAGES));

/** Makes a context of the kind's Dockerfile and these files. */
export async function makeContext(kind: ImageKind, files: ContextFiles): Promise<BuildContext> {
  const folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-image-"));
  const context: BuildContext = {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    await mkdir(join(folder, "packages"));
    await copyFile(dockerfileOf(kind), join(folder, "Dockerfile"));
    for (const [name, content] of Object.entries(files)) {
      if ("from" in content) await copyFile(content.from, join(folder, name));
      else await writeFile(join(folder, name), content.text);
    }
    await setTimes(folder);
    return context;
  } catch (reason) {
    await context[Symbol.asyncDispose]();
    throw reason;
  }
}

/** Gives all files one time: engines take a file that is only younger for another one, and build again what they have. */
async function setTimes(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) await utimes(join(folder, name), EPOCH, EPOCH);
}

/** The context of the Python runner. @throws {AdapterError} `config` when the requirements are no file */
export async function pythonRunnerFiles(runner: string, requirements: string | undefined): Promise<ContextFiles> {
  if (requirements !== undefined) assertFile("--requirements", requirements);
  return {
    "scaler_runner.py": { from: runner },
    "requirements.txt": requirements === undefined ? { text: "" } : { from: requirements },
  };
}

/**
 * The context of the Node runner. A lock file beside the package file goes with it.
 * @throws {AdapterError} `config` when there is no runner, or the package file is no file
 */
export async function nodeRunnerFiles(
  runner: string | undefined,
  packageFile: string | undefined,
): Promise<ContextFiles> {
  // First what the user named.
  if (packageFile !== undefined) assertFile("--node-packages", packageFile);
  const program = { "scaler-runner.cjs": { from: assertRunner(runner) } };
  if (packageFile === undefined) return { ...program, "package.json": { text: "{}\n" } };
  const lock = await lockFileOf(packageFile);
  return {
    ...program,
    "package.json": { from: packageFile },
    ...(lock !== undefined && { "package-lock.json": { from: lock } }),
  };
}

/** The Node runner is a plugin, which whoever builds has to find, in one file: a clone has it once bundled. @throws {AdapterError} `config` when there is none */
export function assertRunner(runner: string | undefined): string {
  if (runner === undefined) {
    const text = "the Node runner is not there; `scaler-aws-hpc plugins install @scaler-aws-hpc/runner-node` brings it";
    throw new AdapterError("config", text);
  }
  if (existsSync(runner)) return runner;
  const next = "in a clone `npm run build` makes it; else install @scaler-aws-hpc/runner-node again";
  throw new AdapterError("config", `the Node runner's program ${runner} is not there; ${next}`);
}

/** npm's lock file beside a package file; `undefined` when there is none. */
export async function lockFileOf(packageFile: string): Promise<string | undefined> {
  const file = join(dirname(packageFile), "package-lock.json");
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() === true ? file : undefined;
}

/** The context of the manager. @throws {AdapterError} `config` when a package is no file */
export async function managerFiles(packages: readonly string[]): Promise<ContextFiles> {
  for (const file of packages) assertFile("packages", file);
  return Object.fromEntries(packages.map((from) => [`packages/${basename(from)}`, { from }]));
}
