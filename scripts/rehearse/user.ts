import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import {
  ChildProgram,
  type Cluster,
  nodeProgram,
  releaseBin,
  repositoryRoot,
  startCluster,
} from "@scaler-aws-hpc/testkit";
import { say } from "../setup/say.mjs";
import { runProgram } from "./program.ts";
import { within } from "./ranges.ts";
import type { Registry } from "./registry.ts";
import { step } from "./step.ts";
import { publicPackagesOf, readManifest, writeManifest } from "./workspace.ts";

/** A user with an empty folder. */
export interface User {
  /** The scratch folder. */
  readonly folder: string;
  /** The clone that was published. */
  readonly tree: string;
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** What whoever publishes has. */
  readonly publisher: Readonly<Record<string, string | undefined>>;
}

const PROGRAM = "scaler-aws-hpc";
const CLIENT = "@scaler-aws-hpc/client";
const CORE = "@scaler-aws-hpc/adapter-core";
const ADDED = "scaler-aws-hpc-backend-fork";

/** How long a client may take for its few tasks. */
const TASKS_MS = 60_000;

/** Installs what was published, outside of the workspace, and uses it: the command, a task of each language, plugins. */
export async function useAsUser(user: User): Promise<void> {
  const home = join(user.folder, "empty");
  await mkdir(home);
  say("installing into an empty folder");
  await writeFile(join(home, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const installed = await step(user.signal, `npm install ${PROGRAM} ${CLIENT}`, async () => {
    await runProgram("npm", ["install", "--loglevel=error", PROGRAM, CLIENT], { ...user, cwd: home });
    return await wronglyInstalled(user, home);
  });
  if (!installed) return;
  await useProgram(user, home);
  say("starting a Scaler scheduler");
  await using cluster = await startCluster({ policy: "allocate=capability; scaling=no", signal: user.signal });
  await runTasks(user, home, cluster, "local", ["python", "node"]);
  await addPlugin(user, home);
  await runTasks(user, home, cluster, "fork", ["python"]);
}

/** Every package of ours is there once, in its newest version, and came from the local registry; npm finds all ranges met. */
async function wronglyInstalled({ tree, registry, env, signal }: User, home: string): Promise<string | undefined> {
  await runProgram("npm", ["ls", "--all", "--omit=dev"], { cwd: home, env, signal });
  const lock = JSON.parse(await readFile(join(home, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly version?: string; readonly resolved?: string }>>;
  };
  const wrong: string[] = [];
  for (const { manifest } of await publicPackagesOf(tree)) {
    const copies = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${manifest.name}`));
    const [copy] = copies;
    if (copies.length !== 1 || copy === undefined) wrong.push(`${copies.length} copies of ${manifest.name}`);
    else if (copy[1].version !== manifest.version || !copy[1].resolved?.startsWith(registry.url))
      wrong.push(`${manifest.name} is ${copy[1].version} of ${copy[1].resolved}, should be ${manifest.version}`);
  }
  return wrong.length === 0 ? undefined : wrong.join("\n");
}

async function useProgram(user: User, home: string): Promise<void> {
  const manifest = await readManifest(join(home, "node_modules", PROGRAM));
  await step(user.signal, `${PROGRAM} --version`, async () => {
    const text = await program(user, home, ["--version"]);
    return text.startsWith(`${PROGRAM}/${manifest.version} `) ? undefined : text;
  });
  await step(user.signal, `${PROGRAM} plugins: every one that it comes with`, async () => {
    const text = await program(user, home, ["plugins"]);
    const missing = manifest.oclif?.plugins?.filter(
      (name) => name.startsWith("@scaler-aws-hpc/") && !text.includes(name),
    );
    return missing?.length === 0 ? undefined : `missing: ${missing?.join(", ")}\n${text}`;
  });
}

async function addPlugin(user: User, home: string): Promise<void> {
  const folder = join(user.folder, "plugin");
  await cp(join(user.tree, "examples", "backend-fork"), folder, { recursive: true });
  const { private: _, ...manifest } = await readManifest(folder);
  const core = (await readManifest(join(user.tree, "packages", "adapter-core"))).version;
  const range = manifest.peerDependencies?.[CORE];
  // It is no part of the workspace: where a release leaves its range, it is raised as its author would.
  const follows = range !== undefined && within(range, core) ? range : `^${core}`;
  await writeManifest(folder, { ...manifest, peerDependencies: { ...manifest.peerDependencies, [CORE]: follows } });
  say("adding a plugin");
  await step(user.signal, `publish ${ADDED}`, async () => {
    await runProgram("npm", ["publish"], { cwd: folder, env: user.publisher, signal: user.signal });
    const published = user.registry.newlyPublished().join(", ");
    return published === ADDED ? undefined : `published were: ${published}`;
  });
  await step(user.signal, `${PROGRAM} plugins install ${ADDED}`, async () => {
    await program(user, home, ["plugins", "install", ADDED]);
    const text = await program(user, home, ["plugins"]);
    return /backend fork, --fork-nice/.test(text) ? undefined : text;
  });
}

type Language = "python" | "node";

/** A manager with a backend, and a client of each language, which runs ten tasks. */
async function runTasks(
  user: User,
  home: string,
  cluster: Cluster,
  backend: string,
  languages: readonly Language[],
): Promise<void> {
  const bin = releaseBin(cluster.release);
  const path = [bin, dirname(nodeProgram()), process.env["PATH"] ?? ""].join(delimiter);
  const env = { ...user.env, ...cluster.env, PATH: path };
  say(`starting ${PROGRAM} start --backend ${backend}`);
  await using manager = await ChildProgram.start({
    name: `${PROGRAM} start --backend ${backend}`,
    file: join(home, "node_modules", ".bin", PROGRAM),
    args: ["start", "--backend", backend, "--worker-manager-id", `rehearsal-${backend}`, cluster.address],
    env,
    cwd: home,
  });
  await cp(join(repositoryRoot(), "scripts", "rehearse", "tasks"), join(home, "tasks"), { recursive: true });
  for (const language of languages) {
    const file = language === "python" ? join(bin, "python") : nodeProgram();
    const script = join(home, "tasks", language === "python" ? "client.py" : "client.js");
    await step(user.signal, `ten ${language} tasks with backend ${backend}`, async () => {
      const options = { cwd: home, env, signal: user.signal, timeoutMs: TASKS_MS };
      const text = await runProgram(file, [script, cluster.address], options).catch((reason: Error) => {
        throw new Error(`${reason.message}\n--- manager\n${manager.logs.tail()}\n${cluster.logs()}`);
      });
      return text.trim() === "[0,1,4,9,16,25,36,49,64,81]" ? undefined : text;
    });
  }
  await step(user.signal, `the manager with backend ${backend} leaves`, async () => {
    const { code } = await manager.stop("SIGTERM", 15_000);
    return code === 0 ? undefined : `exit code ${code}\n${manager.logs.tail()}`;
  });
}

async function program({ env, signal }: User, home: string, args: readonly string[]): Promise<string> {
  return await runProgram(join(home, "node_modules", ".bin", PROGRAM), args, { cwd: home, env, signal });
}
