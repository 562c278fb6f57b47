import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { RUNNER_FILE } from "@scaler-aws-hpc/runner-python";
import { DEFAULT_PYTHON, pythonBase } from "./bases.ts";
import {
  type BuildContext,
  type ImageKind,
  makeContext,
  managerFiles,
  nodeRunnerFiles,
  pythonRunnerFiles,
} from "./build-context.ts";
import { type EngineName, findEngine } from "./engine.ts";
import { runProgram, saidBy } from "./run-program.ts";

/** What is built. */
export interface BuildImageOptions {
  /** @default "runner-python" */
  readonly kind?: ImageKind;
  /** Name and tag on this machine, such as `my-tasks:1`. */
  readonly tag: string;
  /** Python of the runner, as `3.12`; with `base`, what that image must have. Should be the minor version of the clients. @default "3.12" without `base` */
  readonly python?: string;
  /** Image to build on. @default the pinned one of the Python version, or Debian for the Node runner and the manager */
  readonly base?: string;
  /** Image that the packages are installed in, with the same Python at the same path (or npm): one with compilers, for packages without wheels. @default `base`, or the pinned one of Node */
  readonly buildBase?: string;
  /** A requirements file of pip: what tasks import. Options in it that name further files do not work: only this one goes into the build. @default nothing */
  readonly requirements?: string;
  /** Of the Node runner: its program, `RUNNER_FILE` of `@scaler-aws-hpc/runner-node`. */
  readonly runner?: string;
  /**
   * Of the Node runner: a package.json with what tasks name as `external`. A package-lock.json beside it is kept to; no other file of its folder goes into the build.
   * @default nothing
   */
  readonly packageFile?: string;
  /** Of the manager: version of the npm package. @default "latest" */
  readonly version?: string;
  /** Of the manager: packed npm packages that are installed instead of that version. @default none */
  readonly packages?: readonly string[];
  /** @default this machine's */
  readonly architecture?: "x86_64" | "arm64";
  /** @default the first that works of docker, podman and finch */
  readonly engine?: EngineName;
  /** Network of the build's commands, such as `host`. @default the engine's */
  readonly network?: string;
  /** Takes the engine's progress, as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** An image on this machine. */
export interface BuiltImage {
  /** Its name and tag. */
  readonly image: string;
  /** `sha256:` and 64 hex digits: changes with the content. */
  readonly id: string;
  readonly engine: EngineName;
}

/**
 * Builds an image from what is installed here. Nothing of the user's folders but the requirements file goes into the build.
 * @throws {AdapterError} `config` for a wrong option, `unavailable` without an engine, `rejected` when the build fails; the reason of the signal, once the engine has ended
 */
export async function buildImage(
  options: BuildImageOptions,
  { signal }: { signal?: AbortSignal } = {},
): Promise<BuiltImage> {
  const stop = signal === undefined ? {} : { signal };
  checkOptions(options);
  const buildArguments = argumentsOf(options);
  const engine = await findEngine(options.engine, stop);
  await using context = await contextOf(options);
  const idFile = join(context.folder, "image.id");
  const args = ["build", "--tag", options.tag, "--file", join(context.folder, "Dockerfile"), "--iidfile", idFile];
  if (options.architecture !== undefined) args.push("--platform", PLATFORMS[options.architecture]);
  if (options.network !== undefined) args.push("--network", options.network);
  // Only this one leaves the container of the step behind that failed or was stopped.
  if (engine === "podman") args.push("--force-rm");
  for (const [name, value] of buildArguments) args.push("--build-arg", `${name}=${value}`);
  const output = options.onOutput === undefined ? {} : { onOutput: options.onOutput };
  const { code, tail } = await runProgram(engine, [...args, context.folder], { ...stop, ...output });
  if (code !== 0) throw buildFailure(`${engine} build of ${options.tag}`, tail, options.onOutput !== undefined);
  return { image: options.tag, id: (await readFile(idFile, "utf8")).trim(), engine };
}

const PLATFORMS = { x86_64: "linux/amd64", arm64: "linux/arm64" } as const;

// Of a name there is much more to say; the engine says it. A hyphen at the front would be an option to it.
const REFERENCE = /^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$/;
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/;

function checkOptions({ tag, base, buildBase, python, version, network }: BuildImageOptions): void {
  const images = { "--tag": tag, "--base": base, "--build-base": buildBase };
  for (const [setting, value] of Object.entries(images)) {
    if (value === undefined || REFERENCE.test(value)) continue;
    throw new AdapterError("config", `${setting}: expected the name of an image, got ${JSON.stringify(value)}`);
  }
  if (python !== undefined && !/^3\.\d{1,2}$/.test(python)) {
    throw new AdapterError("config", `--python: expected a version as 3.12, got ${JSON.stringify(python)}`);
  }
  if (version !== undefined && !VERSION.test(version)) {
    throw new AdapterError("config", `version: expected one as 1.2.3, got ${JSON.stringify(version)}`);
  }
  if (network !== undefined && !/^[A-Za-z0-9][\w.-]*$/.test(network)) {
    throw new AdapterError("config", `--network: expected the name of one, got ${JSON.stringify(network)}`);
  }
}

function argumentsOf(options: BuildImageOptions): readonly (readonly [string, string])[] {
  const { kind = "runner-python", base, buildBase, python, version } = options;
  const isPython = kind === "runner-python";
  const all = {
    BASE: isPython ? (base ?? pythonBase(python ?? DEFAULT_PYTHON)) : base,
    BUILD_BASE: buildBase,
    PYTHON: isPython ? (python ?? (base === undefined ? DEFAULT_PYTHON : undefined)) : undefined,
    VERSION: kind === "manager" ? version : undefined,
  };
  return Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
}

async function contextOf(options: BuildImageOptions): Promise<BuildContext> {
  const { kind = "runner-python", requirements, runner, packageFile, packages = [] } = options;
  const files: Record<ImageKind, () => ReturnType<typeof managerFiles>> = {
    "runner-python": () => pythonRunnerFiles(RUNNER_FILE, requirements),
    "runner-node": () => nodeRunnerFiles(runner, packageFile),
    manager: () => managerFiles(packages),
  };
  return makeContext(kind, await files[kind]());
}

/**
 * The error of a build, with what to do where that is not clear from what the engine said. A step that was done is not done again, so the same command goes on.
 * @param seen whether the user has seen the engine's output already
 */
function buildFailure(what: string, tail: string, seen: boolean): AdapterError {
  const text = `${what} failed: ${saidBy(tail, seen)}`;
  if (/exec format error/i.test(tail)) {
    const next =
      "the image is for another architecture: install emulation (qemu-user-static, binfmt) or build on such a machine";
    return new AdapterError("rejected", `${text}; ${next}`);
  }
  if (UNREACHABLE.test(tail)) {
    const next =
      "an image or package could not be fetched: look at the network, or name another image to build on with --base";
    return new AdapterError("unavailable", `${text}; ${next}; then the same command goes on`);
  }
  return new AdapterError("rejected", `${text}; mend it, then the same command goes on`);
}

// Of docker, podman, finch and their registries, and of pip and npm.
const UNREACHABLE =
  /pinging container registry|failed to resolve|no such host|i\/o timeout|connection refused|network is unreachable|Failed to establish a new connection|ENOTFOUND|EAI_AGAIN|TLS handshake timeout|toomanyrequests/i;
