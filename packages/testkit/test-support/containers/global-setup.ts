import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEngine } from "@scaler-aws-hpc/provision";
import type { TestProject } from "vitest/node";
import type { ContainerBed } from "./bed.ts";
import { findSocket } from "./engine-socket.ts";
import { buildTestImages, clientPython } from "./images.ts";
import { podmanProblem, startPrivatePodman } from "./private-podman.ts";

/** Finds or starts an engine, builds the images, and takes all of it down at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack();
  const found = await findSocket();
  const problem = found === undefined ? podmanProblem() : undefined;
  if (problem !== undefined) {
    project.provide("containers", { missing: `${problem}; \`npm run containers:setup\` says what can be done` });
    return async () => undefined;
  }
  try {
    const podman = found === undefined ? stack.use(await startPrivatePodman()) : undefined;
    const env = podman?.env ?? { DOCKER_HOST: found ?? "" };
    // Commands that are started from here, and by the code under test, use this engine.
    const before = { ...process.env };
    Object.assign(process.env, env);
    stack.defer(() => {
      for (const name of Object.keys(env)) delete process.env[name];
      Object.assign(process.env, before);
    });
    const folder = await mkdtemp(join(tmpdir(), "scaler-containers-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const bed = await prepare(podman?.host ?? found ?? "", env, join(folder, "localstack.txt"), stack);
    project.provide("containers", bed);
  } catch (reason) {
    project.provide("containers", { failed: reason instanceof Error ? reason.message : String(reason) });
  }
  const owned = stack.move();
  return () => owned.disposeAsync();
}

async function prepare(
  dockerHost: string,
  env: Readonly<Record<string, string>>,
  localStackFile: string,
  stack: AsyncDisposableStack,
): Promise<ContainerBed> {
  const begun = performance.now();
  const engine = await findEngine("CONTAINERS_CONF" in env ? "podman" : undefined);
  const python = await clientPython();
  const { localStack, ...images } = await buildTestImages(engine, python, localStackFile);
  // A build that goes on would be in the way of what is taken down.
  stack.defer(() => localStack);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  process.stdout.write(`containers: ${engine} at ${dockerHost}; images of runners and manager after ${seconds} s\n`);
  return { dockerHost, engine, env, python, images, localStackFile };
}
