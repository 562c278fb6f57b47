import { existsSync } from "node:fs";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { nodeProgram, repositoryRoot } from "@scaler-aws-hpc/testkit";
import { runProgram } from "./program.ts";
import { packagesOf, publicPackagesOf, writeManifest } from "./workspace.ts";

/**
 * Makes a clone of what is committed, with the packages that this clone has installed, but with its own ones linked to themselves; compiled.
 * @returns its folder
 */
export async function makeClone(folder: string, signal: AbortSignal): Promise<string> {
  const root = repositoryRoot();
  const tree = join(folder, "tree");
  await runProgram("git", ["clone", "--quiet", root, tree], { cwd: folder, signal });
  await linkModules(join(root, "node_modules"), join(tree, "node_modules"));
  for (const { folder: own, manifest } of await packagesOf(tree)) {
    const link = join(tree, "node_modules", manifest.name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(own, link);
    const nested = join(root, "packages", own.split("/").at(-1) ?? "", "node_modules");
    if (existsSync(nested)) await symlink(nested, join(own, "node_modules"));
  }
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  await runProgram(nodeProgram(), [compiler, "-b"], { cwd: tree, signal });
  return tree;
}

async function linkModules(from: string, to: string): Promise<void> {
  await mkdir(to);
  const own = new Set(["@scaler-aws-hpc", "scaler-aws-hpc", ".package-lock.json"]);
  const names = (await readdir(from)).filter((name) => !own.has(name));
  await Promise.all(names.map((name) => symlink(join(from, name), join(to, name))));
}

/**
 * Turns provenance off in the clone: the statement is signed by whoever hosts a public CI. Neither environment nor .npmrc can do it, npm lets
 * `publishConfig` win over both.
 */
export async function withoutProvenance(tree: string): Promise<void> {
  for (const { folder, manifest } of await publicPackagesOf(tree)) {
    if (manifest.publishConfig === undefined) continue;
    await writeManifest(folder, { ...manifest, publishConfig: { ...manifest.publishConfig, provenance: false } });
  }
}
