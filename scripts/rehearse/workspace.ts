import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What this rehearsal reads of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly oclif?: { readonly plugins?: readonly string[] };
  readonly publishConfig?: Readonly<Record<string, unknown>>;
}

/** A package of the clone. */
export interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every package of a clone, private ones too. */
export async function packagesOf(tree: string): Promise<Package[]> {
  const found: Package[] = [];
  for (const name of (await readdir(join(tree, "packages"))).sort()) {
    const folder = join(tree, "packages", name);
    found.push({ folder, manifest: await readManifest(folder) });
  }
  return found;
}

/** Every package of a clone that is published. */
export async function publicPackagesOf(tree: string): Promise<Package[]> {
  return (await packagesOf(tree)).filter(({ manifest }) => manifest.private !== true);
}

export async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** What a package needs at its users': name and range, whichever way it asks for it. */
export function needsOf(manifest: Manifest): Map<string, string> {
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  return new Map(Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies }));
}
