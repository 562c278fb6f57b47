import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { packedFiles } from "../check/packed-files.mjs";
import { runProgram } from "./program.ts";
import { within } from "./ranges.ts";
import { type Manifest, needsOf, publicPackagesOf } from "./workspace.ts";

/** What programs read beside the compiled sources, and would miss only at a user's: not left to `files`, where it could be forgotten. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  "scaler-aws-hpc": ["bin/run.js", "oclif.manifest.json"],
  "@scaler-aws-hpc/provision": [
    "images/manager/Dockerfile",
    "images/runner-node/Dockerfile",
    "images/runner-python/Dockerfile",
    "oclif.manifest.json",
  ],
  "@scaler-aws-hpc/runner-node": ["bundle/scaler-runner.cjs"],
  "@scaler-aws-hpc/runner-python": ["python/scaler_runner.py"],
};

/**
 * Looks at a package as the registry has it: every file that it promises and that is committed for it, and for each of our packages that it
 * needs a published version within its range.
 * @returns what is wrong
 */
export async function packedFully(tree: string, storage: string, manifest: Manifest): Promise<string | undefined> {
  const tarball = join(storage, manifest.name, tarballName(manifest));
  const never = new AbortController().signal;
  const packed = JSON.parse(
    await runProgram("tar", ["-xOzf", tarball, "package/package.json"], { cwd: storage, signal: never }),
  ) as Manifest;
  const listed = await runProgram("tar", ["-tzf", tarball], { cwd: storage, signal: never });
  const files = new Set(listed.split("\n").map((path) => path.replace(/^package\//, "")));
  const reports = [
    await packedFiles(tarball, manifest),
    ...[...(NEEDED[manifest.name] ?? []), ...(await committedFiles(tree, manifest))]
      .filter((file) => !files.has(file))
      .map((file) => `missing: ${file}`),
    packed.version === manifest.version ? undefined : `its package.json says ${packed.version}`,
    ...(await unmetNeeds(tree, storage, packed)),
  ].filter((report) => report !== undefined);
  return reports.length === 0 ? undefined : reports.join("\n");
}

const tarballName = ({ name, version }: Manifest): string => `${name.split("/").at(-1)}-${version}.tgz`;

/** What is committed below the folders that `files` names, but for sources, which packedFiles compares with what was compiled. */
async function committedFiles(tree: string, { name, files = [] }: Manifest): Promise<string[]> {
  const cwd = (await publicPackagesOf(tree)).find(({ manifest }) => manifest.name === name)?.folder ?? tree;
  const committed = await runProgram("git", ["ls-files"], { cwd, signal: new AbortController().signal });
  const promised = files.filter((entry) => !entry.startsWith("!") && entry !== "src");
  return committed
    .split("\n")
    .filter((file) => promised.some((entry) => file === entry || file.startsWith(`${entry}/`)));
}

async function unmetNeeds(tree: string, storage: string, manifest: Manifest): Promise<string[]> {
  const ours = new Set((await publicPackagesOf(tree)).map((found) => found.manifest.name));
  const unmet: string[] = [];
  for (const [name, range] of needsOf(manifest)) {
    if (!ours.has(name)) continue;
    const versions = await publishedVersions(storage, name);
    if (!versions.some((version) => within(range, version)))
      unmet.push(`needs ${name} ${range}; published are ${versions.join(", ") || "none"}`);
  }
  return unmet;
}

async function publishedVersions(storage: string, name: string): Promise<string[]> {
  const files = await readdir(join(storage, name)).catch(() => []);
  return files.flatMap((file) => /-(\d+\.\d+\.\d+)\.tgz$/.exec(file)?.[1] ?? []);
}
