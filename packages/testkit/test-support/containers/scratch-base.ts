import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeProgram, repositoryRoot } from "../../src/scaler/index.ts";
import { runCommand } from "./run-command.ts";

/** What is in it: Python with venv, what the slim images of Python have beside it, and the library that Node links. */
const PACKAGES = ["python3", "python3-venv", "ca-certificates", "netbase", "tzdata", "libstdc++6"];

const OPTIONS = [
  "--quiet",
  "--variant=essential",
  "--dpkgopt=force-unsafe-io",
  ...["man", "doc", "locale", "info"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
  `--include=${PACKAGES.join(",")}`,
];

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** Where the tarball of the base is kept, by the release of this machine and by what is in it. */
function tarball(suite: string): string {
  const digest = createHash("sha256").update(OPTIONS.join("\n")).digest("hex").slice(0, 12);
  return join(repositoryRoot(), ".cache", "containers", `${suite}-${digest}.tar.zst`);
}

/**
 * Makes a file system of Debian (or what this machine is) from its own package sources, once: the base of images where no registry
 * can be reached. Needs root, and mmdebstrap.
 */
export async function makeScratchBase(): Promise<string> {
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "bookworm";
  const file = tarball(suite);
  if (existsSync(file)) return file;
  await mkdir(dirname(file), { recursive: true });
  const half = file.replace(/\.tar\.zst$/, `.${process.pid}.half.tar.zst`);
  try {
    await runCommand("mmdebstrap", [...OPTIONS, suite, half]);
    await rename(half, file);
  } finally {
    await rm(half, { force: true });
  }
  return file;
}

/**
 * Imports the base and lets pip in it reach what pip reaches here: index and certificates of this machine come in only now, into this
 * machine's storage.
 */
export async function importPythonBase(engine: string, file: string, image: string): Promise<void> {
  await runCommand(engine, ["import", file, `${image}-plain`]);
  const index = (
    await runCommand("python3", ["-m", "pip", "config", "get", "global.index-url"]).catch(() => "")
  ).trim();
  const pip = ["[global]", `cert = ${CERTIFICATES}`, ...(index === "" ? [] : [`index-url = ${index}`])];
  await buildFrom(engine, image, async (folder) => {
    await writeFile(join(folder, "pip.conf"), `${pip.join("\n")}\n`);
    await copyFile(CERTIFICATES, join(folder, "ca-certificates.crt"));
    return [`FROM ${image}-plain`, "COPY pip.conf /etc/", `COPY ca-certificates.crt ${CERTIFICATES}`];
  });
}

/** The same with Node and npm of this machine. */
export async function buildNodeBase(engine: string, pythonBase: string, image: string): Promise<void> {
  const npm = join((await runCommand("npm", ["root", "--global"])).trim(), "npm");
  const registry = (await runCommand("npm", ["config", "get", "registry"])).trim();
  await buildFrom(engine, image, async (folder) => {
    await copyFile(nodeProgram(), join(folder, "node"));
    await cp(npm, join(folder, "npm"), { recursive: true });
    await writeFile(join(folder, "npmrc"), `registry=${registry}\ncafile=${CERTIFICATES}\n`);
    return [
      `FROM ${pythonBase}`,
      "COPY node /usr/local/bin/",
      "COPY npm /usr/local/lib/node_modules/npm",
      "COPY npmrc /usr/local/etc/",
      "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
    ];
  });
}

/** Builds an image from a Dockerfile that is written with its context. @param niceness lets others go first, as `nice` has it */
export async function buildFrom(
  engine: string,
  image: string,
  fill: (folder: string) => Promise<readonly string[]>,
  niceness = 0,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "scaler-image-"));
  try {
    await writeFile(join(folder, "Dockerfile"), `${(await fill(folder)).join("\n")}\n`);
    const build = [engine, "build", "--network", "host", "--tag", image, folder];
    await runCommand("nice", ["-n", String(niceness), ...build]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
