import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { RUNNER_FILE } from "@scaler-aws-hpc/runner-python";
import { assertRunner, lockFileOf } from "../images/build-context.ts";
import { openEcr } from "../images/image-registry.ts";
import {
  type BuildImageOptions,
  buildImage,
  DEFAULT_PYTHON,
  dockerfileOf,
  PYTHON_BASES,
  pushImage,
} from "../images/index.ts";
import type { ImageOrder, ImageStep } from "./image-step.ts";

/** Builds with docker, podman or finch, and keeps images in ECR under a tag that says what they are made of: what is there is not built again. */
export const engineImageStep: ImageStep = {
  async find(order, options = {}) {
    using registry = await openEcr(order.repository);
    return await found(order, await contentTag(order), registry, options);
  },
  async make(order, say, options = {}) {
    const tag = await contentTag(order);
    using registry = await openEcr(order.repository);
    const present = await found(order, tag, registry, options);
    if (present !== undefined) return present;
    const stop = options.signal === undefined ? {} : { signal: options.signal };
    const onOutput = (text: string): void => {
      for (const line of text.split("\n")) if (line.trim() !== "") say(`  ${line.trimEnd()}`);
    };
    const { repository } = order;
    const local = `${repository.split("/").slice(1).join("/")}:${tag}`;
    say(`building the image ${local}`);
    const built = await buildImage({ ...buildOptions(order), tag: local, onOutput }, stop);
    say(`pushing it to ${repository}`);
    const { uri } = await pushImage({ image: local, repository, tag, engine: built.engine, registry, onOutput }, stop);
    return uri;
  },
};

async function found(
  order: ImageOrder,
  tag: string,
  registry: Awaited<ReturnType<typeof openEcr>>,
  { signal }: AbortOptions,
): Promise<string | undefined> {
  const digest = await registry.digestOf(tag, signal === undefined ? {} : { signal });
  return digest === undefined ? undefined : `${order.repository}@${digest}`;
}

function buildOptions(order: ImageOrder): Omit<BuildImageOptions, "tag" | "onOutput"> {
  const { architecture } = order;
  if (order.runner === "node") {
    const { program, packageFile } = order;
    return {
      kind: "runner-node",
      architecture,
      runner: assertRunner(program),
      ...(packageFile !== undefined && { packageFile }),
    };
  }
  const { python, requirements, base } = order;
  return {
    architecture,
    ...(python !== undefined && { python }),
    ...(requirements !== undefined && { requirements }),
    ...(base !== undefined && { base }),
  };
}

/** A tag made of everything that goes into an image: the same order finds the same image, on another machine too. */
export async function contentTag(order: ImageOrder): Promise<string> {
  const { files, words } = await contentsOf(order);
  const hash = createHash("sha256");
  for (const file of files) {
    try {
      hash.update(await readFile(file)).update("\0");
    } catch (reason) {
      const { code } = reason as NodeJS.ErrnoException;
      throw new AdapterError("config", `${file}: expected a file that can be read, got ${code}`, { cause: reason });
    }
  }
  hash.update(JSON.stringify([order.architecture, ...words]));
  return `${order.runner}-${hash.digest("hex").slice(0, 16)}`;
}

async function contentsOf(
  order: ImageOrder,
): Promise<{ readonly files: readonly string[]; readonly words: readonly string[] }> {
  if (order.runner === "node") {
    const { program, packageFile } = order;
    const lock = packageFile === undefined ? undefined : await lockFileOf(packageFile);
    const all = [dockerfileOf("runner-node"), assertRunner(program), packageFile, lock];
    return { files: all.filter((file) => file !== undefined), words: [] };
  }
  const { python = DEFAULT_PYTHON, requirements, base } = order;
  const files = [dockerfileOf("runner-python"), RUNNER_FILE, ...(requirements === undefined ? [] : [requirements])];
  return { files, words: [python, base ?? PYTHON_BASES[python] ?? ""] };
}
