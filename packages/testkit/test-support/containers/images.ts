import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildImage, type EngineName } from "@scaler-aws-hpc/provision";
import { RUNNER_FILE } from "@scaler-aws-hpc/runner-node";
import { releaseBin, repositoryRoot } from "../../src/scaler/index.ts";
import type { ContainerBed } from "./bed.ts";
import { buildLocalStack, PUBLIC_LOCALSTACK } from "./localstack.ts";
import { runCommand } from "./run-command.ts";
import { buildNodeBase, importPythonBase, makeScratchBase } from "./scratch-base.ts";

/** Names on the engine; `localhost` says that they come from no registry. */
const NAME = "localhost/scaler-aws-hpc-test";

/** What the images are built on: nothing said means the Dockerfiles' own, public bases. */
interface Bases {
  readonly runner?: string;
  /** Of whatever runs in Node. */
  readonly node?: string;
  /** The same with npm. */
  readonly nodeBuild?: Promise<string>;
  /** An image of the same Python, with venv. */
  readonly python: string;
  readonly localStack: () => Promise<string>;
}

/** The images of the tests. */
export type TestImages = ContainerBed["images"] & {
  /** Goes on being built; the text of `localStackFile` says the end. */
  readonly localStack: Promise<void>;
};

/** Whether images can be pulled here. */
async function reachesRegistry(): Promise<boolean> {
  const signal = AbortSignal.timeout(5_000);
  return await fetch("https://registry-1.docker.io/v2/", { signal }).then(
    () => true,
    () => false,
  );
}

/** The minor version of the release's Python: clients pickle code, which other versions cannot read. */
export async function clientPython(): Promise<string> {
  const code = "import sys; print('%d.%d' % sys.version_info[:2])";
  return (await runCommand(join(releaseBin("2.9.0"), "python"), ["-c", code])).trim();
}

/** Builds all of them, by the code that users build theirs with. */
export async function buildTestImages(engine: EngineName, python: string, localStackFile: string): Promise<TestImages> {
  const packed = packManager();
  packed.catch(() => undefined);
  const bases = (await reachesRegistry()) ? publicBases(python) : await scratchBases(engine);
  const localStack = bases.localStack().then(
    (image) => writeFile(localStackFile, image),
    (reason) => writeFile(localStackFile, `-\n${String(reason)}`),
  );
  const common = { engine, network: "host" };
  const runner = buildImage({
    ...common,
    tag: `${NAME}/runner:1`,
    python,
    ...(bases.runner !== undefined && { base: bases.runner }),
  });
  const manager = buildManager(await packed);
  const nodeRunner = buildNodeRunner();
  await Promise.all([runner, manager, nodeRunner]);
  return {
    runner: (await runner).image,
    nodeRunner: (await nodeRunner).image,
    manager: (await manager).image,
    base: bases.python,
    nodeBases: await nodeBases(),
    localStack,
  };

  async function nodeBases(): Promise<ContainerBed["images"]["nodeBases"]> {
    const { node: base, nodeBuild } = bases;
    const buildBase = await nodeBuild;
    return { ...(base !== undefined && { base }), ...(buildBase !== undefined && { buildBase }) };
  }

  async function buildNodeRunner() {
    const tag = `${NAME}/node-runner:1`;
    return await buildImage({ ...common, kind: "runner-node", tag, runner: RUNNER_FILE, ...(await nodeBases()) });
  }

  async function buildManager(folder: string) {
    try {
      const packages = (await readdir(folder)).map((name) => join(folder, name));
      const tag = `${NAME}/manager:1`;
      return await buildImage({ ...common, kind: "manager", tag, packages, ...(await nodeBases()) });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function publicBases(python: string): Bases {
  return { python: `docker.io/library/python:${python}-slim-bookworm`, localStack: async () => PUBLIC_LOCALSTACK };
}

async function scratchBases(engine: string): Promise<Bases> {
  const python = `${NAME}/python:1`;
  const node = `${NAME}/node:1`;
  await importPythonBase(engine, await makeScratchBase(), python);
  const nodeBuild = buildNodeBase(engine, python, node).then(() => node);
  nodeBuild.catch(() => undefined);
  const localStack = async (): Promise<string> => {
    const image = `${NAME}/localstack:1`;
    await buildLocalStack(engine, python, image);
    return image;
  };
  return { runner: python, node: python, nodeBuild, python, localStack };
}

/** Packs the command line and the packages of this repository that it needs, as they would be published. @returns the folder */
async function packManager(): Promise<string> {
  const wanted = new Set<string>();
  const add = async (folder: string): Promise<void> => {
    if (wanted.has(folder)) return;
    wanted.add(folder);
    const text = await readFile(join(repositoryRoot(), "packages", folder, "package.json"), "utf8");
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(text) as Record<string, Record<string, string>>;
    const ours = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) =>
      name.startsWith("@scaler-aws-hpc/"),
    );
    for (const name of ours) await add(name.slice("@scaler-aws-hpc/".length));
  };
  await add("cli");
  const target = await mkdtemp(join(tmpdir(), "scaler-packed-"));
  const workspaces = [...wanted].flatMap((folder) => ["--workspace", `packages/${folder}`]);
  await runCommand("npm", ["pack", "--silent", "--pack-destination", target, ...workspaces], { cwd: repositoryRoot() });
  return target;
}
