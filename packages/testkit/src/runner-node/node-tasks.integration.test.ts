import { join } from "node:path";
import { Client, isClientError } from "@scaler-aws-hpc/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as tasks from "../../test-support/runner-node/tasks.ts";
import { type BatchEmulator, PROVISIONED, startBatchEmulator } from "../batch-emulator/index.ts";
import {
  type ChildProgram,
  type Cluster,
  nodeProgram,
  releaseBin,
  repositoryRoot,
  runClient,
  startCluster,
  startManager,
} from "../scaler/index.ts";

const MANY = 500;
const MEMORY = { SCALER_RUNNER_MEMORY_MIB: "64" };
const python = join(releaseBin("2.9.0"), "python");
const runners = {
  python: join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py"),
  node: join(repositoryRoot(), "packages", "runner-node", "bundle", "scaler-runner.cjs"),
};
/** What starts in a container: the image of a definition has one runner; which one is told by the job here, as the emulator has one image for all. */
const ENTRY = `case "$*" in *" 1:"*:node:*) exec "${nodeProgram()}" "${runners.node}" "$@";; *) exec "${python}" -B "${runners.python}" "$@";; esac`;

interface Place extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly manager: ChildProgram;
  readonly aws: BatchEmulator | undefined;
}

async function local(): Promise<Place> {
  const cluster = await startCluster();
  const args = ["--python", python, "--max-concurrent-jobs", "3", "--job-timeout-minutes", "0.05"];
  const manager = await startManager(cluster, { args, env: MEMORY });
  return {
    ...{ cluster, manager, aws: undefined },
    async [Symbol.asyncDispose]() {
      await manager[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

async function batch(more: readonly string[] = ["--node-job-definition", "node-job"]): Promise<Place> {
  const aws = await startBatchEmulator({
    runner: { mode: "process", argv: ["/bin/sh", "-c", ENTRY, "entry"] },
    definitions: ["python-job", "node-job"].map((jobDefinitionName) => ({ ...PROVISIONED, jobDefinitionName })),
    containerEnvironment: { PATH: process.env["PATH"] ?? "", ...MEMORY },
    startMs: 20,
  });
  const cluster = await startCluster();
  const args = [
    ...["--job-queue", "emulator-queue", "--job-definition", "python-job", "--s3-bucket", "emulator-bucket"],
    ...["--max-concurrent-jobs", "4", "--job-timeout-minutes", "0.05", "--batch-start-seconds", "1", ...more],
  ];
  const manager = await startManager(cluster, { backend: "batch", args, env: aws.env });
  return {
    ...{ cluster, manager, aws },
    async [Symbol.asyncDispose]() {
      await manager[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
      await aws[Symbol.asyncDispose]();
    },
  };
}

const failureOf = async (run: PromiseLike<unknown>): Promise<unknown> => {
  try {
    await run;
  } catch (reason) {
    return reason;
  }
  throw new Error("it did not fail");
};

describe.each([
  ["the local backend", local],
  ["the Batch emulator", batch],
])("Node tasks on %s", (_, open) => {
  let place: Place;
  let client: Client;
  beforeAll(async () => {
    place = await open();
  }, 120_000);
  afterAll(() => place[Symbol.asyncDispose](), 60_000);
  beforeEach(async () => {
    client = await Client.connect(place.cluster.address);
  });
  afterEach(() => client.close());

  it("return values, print, and fail with errors of their own", async () => {
    expect(await client.submit(tasks.square, 12)).toEqual([144, "node"]);
    const words: string[] = [];
    const loud = client.with({ onOutput: (text) => words.push(text) });
    expect(await loud.submit(tasks.speak, "some words", 3_000_000)).toHaveLength(3_000_000);
    expect(words.join("")).toBe("some words\n");
    const error = await failureOf(client.submit(tasks.fail, "own words"));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: "own words", cause: { message: "because" }, own: new Map([["a", 1n]]) });
  }, 60_000);

  it("that never end are stopped at their limit, those that take all memory fail by name, and their neighbours return", async () => {
    // A task of each kind runs first, so that what follows is packed.
    await Promise.all(Array.from({ length: 20 }, (_, n) => client.submit(tasks.square, n)));
    const good = Array.from({ length: 60 }, (_, n) => client.submit(tasks.square, n));
    const loop = failureOf(client.submit(tasks.loop));
    const memory = failureOf(client.submit(tasks.allocate));
    const atOnce = failureOf(client.submit(tasks.allocateAtOnce));
    const exit = failureOf(client.submit(tasks.exit, 3));
    const more = Array.from({ length: 60 }, (_, n) => client.submit(tasks.square, n));
    const values = await Promise.all([...good, ...more]);
    expect(values.map(([value]) => value)).toEqual([...good, ...more].map((_, n) => (n % 60) ** 2));
    expect(await loop).toMatchObject({
      code: "timeout",
      message: expect.stringMatching(/longer than its limit of 3 s/),
    });
    expect(await memory).toMatchObject({
      code: "memory",
      message: expect.stringMatching(/out of memory: .* its limit (?:of|is) \d+ MiB/),
    });
    expect(await atOnce).toMatchObject({ code: "memory", message: expect.stringMatching(/out of memory/i) });
    expect(await exit).toMatchObject({ message: "the task called process.exit(3)" });
    for (const failure of [loop, memory, atOnce]) expect(isClientError(await failure)).toBe(true);
  }, 120_000);

  it(`run beside Python tasks, ${MANY} of each, and no job has both`, async () => {
    const python = runClient(place.cluster, "mixed_client.py", ["--tasks", String(MANY)], 90_000);
    const values = await Promise.all(Array.from({ length: MANY }, (_, n) => client.submit(tasks.square, n)));
    expect(values).toEqual(Array.from({ length: MANY }, (_, n) => [n * n, "node"]));
    expect((await python).lines).toEqual([{ results: MANY, wrong: [], by: ["cpython"] }]);
    // A job that was for both would have failed: each runner refuses what is for another one.
    const jobs = place.aws
      ?.jobs()
      .map(({ spec }) => [/:(node|python):/.exec(spec.parameters["compressed"] ?? "")?.[1], spec.definition.name]);
    if (jobs === undefined) return;
    expect(new Set(jobs.map((job) => job.join(" by ")))).toEqual(new Set(["node by node-job", "python by python-job"]));
  }, 120_000);
});

it("fail at once where the manager has no image for them, in words that say what to do", async () => {
  await using place = await batch([]);
  await using client = await Client.connect(place.cluster.address);
  const error = await failureOf(client.submit(tasks.square, 1));
  expect(error).toMatchObject({
    code: "runtime",
    message: expect.stringMatching(/no job definition.*--node-job-definition/),
  });
  expect(place.aws?.jobs()).toEqual([]);
}, 120_000);
