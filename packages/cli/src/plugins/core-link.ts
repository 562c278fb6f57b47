import { mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The package that plugins have as a peer. */
const CORE = "@scaler-aws-hpc/adapter-core";

/** Folder of the copy of the core that this program runs on. */
function coreFolder(): string {
  return dirname(fileURLToPath(import.meta.resolve(`${CORE}/package.json`)));
}

/**
 * Makes this program's own copy of the core a dependency of the folder in which users' plugins are installed.
 *
 * npm then satisfies a plugin's peer dependency with a link to it: one copy in the process, of a version that npm has checked against the
 * plugin's range, and nothing to download, so that a tarball installs offline.
 *
 * @param dataDir oclif's folder of users' plugins.
 */
export async function requireCore(dataDir: string, core: string = coreFolder()): Promise<void> {
  const file = join(dataDir, "package.json");
  const manifest = await readManifest(file);
  const wanted = `file:${core}`;
  if (manifest.dependencies?.[CORE] === wanted) return;
  const dependencies = { ...manifest.dependencies, [CORE]: wanted };
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...manifest, dependencies }, undefined, 2)}\n`);
}

/**
 * Points the link at this program's core again after the program was moved or upgraded. Quiet when it cannot: plugins then say what they miss.
 *
 * @param dataDir oclif's folder of users' plugins.
 */
export async function repairCoreLink(dataDir: string, core: string = coreFolder()): Promise<void> {
  const link = join(dataDir, "node_modules", CORE);
  try {
    const target = resolve(dirname(link), await readlink(link));
    if (target === core) return;
    await rm(link);
    await symlink(core, link, "junction");
    await requireCore(dataDir, core);
  } catch {
    // No link (nothing was installed that way), or a folder that may not be written to.
  }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

// What oclif itself would write into a new folder.
const NEW_MANIFEST = { private: true, oclif: { schema: 1, plugins: [] }, dependencies: {} };

async function readManifest(file: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Manifest;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return NEW_MANIFEST;
    throw reason;
  }
}
