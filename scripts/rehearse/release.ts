import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeProgram, repositoryRoot } from "@scaler-aws-hpc/testkit";
import { runProgram } from "./program.ts";
import type { Bump } from "./ranges.ts";
import { publicPackagesOf } from "./workspace.ts";

/** The clone, and what runs there. */
export interface Release {
  readonly tree: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

const RANK: readonly (Bump | undefined)[] = [undefined, "patch", "minor", "major"];

/** What the waiting changesets ask for, the largest for each package. */
export async function waitingBumps(tree: string): Promise<Map<string, Bump>> {
  const bumps = new Map<string, Bump>();
  for (const file of await readdir(join(tree, ".changeset"))) {
    if (!file.endsWith(".md") || file === "README.md") continue;
    const head = (await readFile(join(tree, ".changeset", file), "utf8")).split("---")[1] ?? "";
    for (const [, name = "", word] of head.matchAll(/^["']?(.+?)["']?: *(patch|minor|major)$/gm)) {
      const bump = word as Bump;
      if (RANK.indexOf(bump) > RANK.indexOf(bumps.get(name))) bumps.set(name, bump);
    }
  }
  return bumps;
}

/** Writes a changeset as `npx changeset` would. */
export async function addChangeset(tree: string, name: string, bump: Bump, text: string): Promise<void> {
  await writeFile(join(tree, ".changeset", "rehearsed.md"), `---\n"${name}": ${bump}\n---\n\n${text}\n`);
}

/** `changeset version`, committed as a release is. @returns the version of each public package */
export async function version(release: Release): Promise<Map<string, string>> {
  await changeset(release, ["version"]);
  await commitAll(release, "Version packages");
  return await versions(release.tree);
}

/** `changeset publish` */
export async function publish(release: Release): Promise<void> {
  await changeset(release, ["publish"]);
}

export async function commitAll({ tree, env, signal }: Release, message: string): Promise<void> {
  const args = ["commit", "--quiet", "--all", "--no-verify", "--allow-empty", "-m", message];
  await runProgram("git", ["add", "--all", "packages", ".changeset"], { cwd: tree, env, signal });
  await runProgram("git", args, { cwd: tree, env, signal });
}

export async function versions(tree: string): Promise<Map<string, string>> {
  return new Map((await publicPackagesOf(tree)).map(({ manifest }) => [manifest.name, manifest.version]));
}

async function changeset({ tree, env, signal }: Release, args: readonly string[]): Promise<void> {
  const program = join(repositoryRoot(), "node_modules", "@changesets", "cli", "bin.js");
  await runProgram(nodeProgram(), [program, ...args], { cwd: tree, env, signal });
}
