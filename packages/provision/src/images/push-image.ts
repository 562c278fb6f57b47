import { setTimeout as sleep } from "node:timers/promises";
import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { type EngineName, findEngine } from "./engine.ts";
import { type ImageRegistry, openEcr } from "./image-registry.ts";
import { runProgram, saidBy } from "./run-program.ts";

/** What is pushed, and where to. */
export interface PushImageOptions {
  /** Name and tag on this machine, as {@link buildImage} says them. */
  readonly image: string;
  /** URI of the repository without a tag, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/my-tasks`. */
  readonly repository: string;
  /** Tag in the repository. @default made of the image's id, so that it never has to move and what is there already is not pushed again */
  readonly tag?: string;
  /** The one that built it. @default the first that works of docker, podman and finch */
  readonly engine?: EngineName;
  /** Takes the engine's progress, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** @default ECR, by the repository's URI and the credentials of the environment */
  readonly registry?: ImageRegistry;
}

/** An image in a repository. */
export interface PushedImage {
  /** `<repository>@sha256:...`: what a job definition should name. */
  readonly uri: string;
  readonly digest: string;
  readonly tag: string;
  /** False when it was there already. */
  readonly pushed: boolean;
}

/** ECR may take a moment to tell of what was just pushed. */
const LOOKS = 5;
const LOOK_MS = 1_000;

/**
 * Pushes an image of this machine to a repository.
 * @throws {AdapterError} `config`, `denied`, `unavailable`; `conflict` when the chosen tag is taken; `rejected` when the engine fails; the reason of the signal
 */
export async function pushImage(
  options: PushImageOptions,
  { signal }: { signal?: AbortSignal } = {},
): Promise<PushedImage> {
  const stop = signal === undefined ? {} : { signal };
  const { repository, image } = options;
  checkTag(options.tag);
  using opened = options.registry === undefined ? await openEcr(repository) : undefined;
  const registry = options.registry ?? opened;
  if (registry === undefined) throw new AdapterError("internal", "no registry");
  const engine = await findEngine(options.engine, stop);
  const tag = options.tag ?? (await tagOf(engine, image, stop));
  const named = (digest: string, pushed: boolean): PushedImage => ({
    uri: `${repository}@${digest}`,
    digest,
    tag,
    pushed,
  });

  const present = await registry.digestOf(tag, stop);
  if (present !== undefined && options.tag === undefined) return named(present, false);
  if (present !== undefined) throw taken(repository, tag);
  const run = async (args: readonly string[], input?: string): Promise<void> => {
    const output = options.onOutput === undefined ? {} : { onOutput: options.onOutput };
    const { code, tail } = await runProgram(engine, args, {
      ...stop,
      ...output,
      ...(input !== undefined && { input }),
    });
    if (code !== 0) {
      const said = saidBy(tail, options.onOutput !== undefined);
      throw new AdapterError("rejected", `${engine} ${args[0]} for ${repository} failed: ${said}`);
    }
  };
  const { registry: host, user, password } = await registry.login(stop);
  await run(["login", "--username", user, "--password-stdin", host], password);
  await run(["tag", image, `${repository}:${tag}`]);
  await run(["push", `${repository}:${tag}`]);
  for (let look = 0; look < LOOKS; look++) {
    const digest = await registry.digestOf(tag, stop);
    if (digest !== undefined) return named(digest, true);
    await sleep(LOOK_MS, undefined, stop);
  }
  throw new AdapterError(
    "unavailable",
    `${repository}:${tag} was pushed, but the repository does not tell of it; run again`,
  );
}

/**
 * Asks a repository whether an image may be pushed there, which is better known before one is built: whether it exists, may be looked at, and has no image with the
 * chosen tag.
 * @throws {AdapterError} `config`, `denied`, `unavailable`; `conflict` when the tag is taken
 */
export async function checkPush(
  { repository, tag, registry }: Pick<PushImageOptions, "repository" | "tag" | "registry">,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  checkTag(tag);
  using opened = registry === undefined ? await openEcr(repository) : undefined;
  const present = await (registry ?? opened)?.digestOf(tag ?? ANY_TAG, signal === undefined ? {} : { signal });
  if (present !== undefined && tag !== undefined) throw taken(repository, tag);
}

/** Whether there is one is all the same: it is the repository that is asked about. */
const ANY_TAG = "any";

function checkTag(tag: string | undefined): void {
  if (tag === undefined || /^[A-Za-z0-9_][\w.-]{0,127}$/.test(tag)) return;
  throw new AdapterError("config", `--repository-tag: expected letters, digits, and . _ -, got ${JSON.stringify(tag)}`);
}

const taken = (repository: string, tag: string): AdapterError =>
  new AdapterError(
    "conflict",
    `${repository} has an image with the tag ${tag}; tags that jobs use must not move: choose another with --repository-tag, or none`,
  );

async function tagOf(engine: EngineName, image: string, stop: { signal?: AbortSignal }): Promise<string> {
  const { code, stdout, tail } = await runProgram(engine, ["image", "inspect", "--format", "{{.Id}}", image], stop);
  const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(stdout.trim())?.[1];
  if (code === 0 && id !== undefined) return id.slice(0, 16);
  throw new AdapterError("config", `image: ${engine} has no ${image}; build it first: ${tail}`);
}
