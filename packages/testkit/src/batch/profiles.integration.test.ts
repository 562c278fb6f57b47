import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BatchEmulator, PROVISIONED, startBatchEmulator } from "../batch-emulator/index.ts";
import {
  type ChildProgram,
  type Cluster,
  releaseBin,
  repositoryRoot,
  runClient,
  startCluster,
  startManager,
} from "../scaler/index.ts";

const TASKS = 30;
const PROFILE = `
[aws_hpc_worker_manager]
job_queue = "plain-queue"
job_definition = "emulator-job"
s3_bucket = "emulator-bucket"
max_concurrent_jobs = 3
per_worker_capabilities = "linux"

[[profile]]
name = "gpu"
slots = 2
capabilities = "gpu,linux"
queue = "gpu-queue"
vcpu = 4
memory = 16384
gpu = 1
`;

let aws: BatchEmulator;
let cluster: Cluster;
let manager: ChildProgram;

beforeAll(async () => {
  const python = join(releaseBin("2.9.0"), "python");
  const script = join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");
  aws = await startBatchEmulator({
    runner: { mode: "warm", python, script },
    definitions: [{ ...PROVISIONED, jobDefinitionName: "emulator-job" }],
    queues: [
      { name: "plain-queue", vcpus: 8 },
      { name: "gpu-queue", vcpus: 8 },
    ],
    s3: { buckets: ["emulator-bucket"] },
    startMs: 50,
  });
  cluster = await startCluster({ policy: "allocate=capability; scaling=no" });
  const file = join(cluster.folder, "profiles.toml");
  await writeFile(file, PROFILE);
  manager = await startManager(cluster, { backend: "batch", args: ["--config", file], env: aws.env });
}, 120_000);

afterAll(async () => {
  await manager?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await aws?.[Symbol.asyncDispose]();
}, 30_000);

it("runs tasks that ask for a GPU with what the GPU profile says, and the others without", async () => {
  // Until then a scheduler gives all tasks to the worker that came first.
  await expect
    .poll(() => cluster.scheduler.logs.text.match(/Worker\|.* connected/g), { timeout: 30_000 })
    .toHaveLength(2);
  const { lines } = await runClient(cluster, "profile_client.py", ["--tasks", String(TASKS)], 90_000);
  const results = lines[0] as unknown as Record<"gpu" | "plain", readonly (readonly [number, string])[]>;
  const numbers = Array.from({ length: TASKS }, (_, number) => number);
  expect(results.gpu).toEqual(numbers.map((number) => [number, "gpu-queue"]));
  expect(results.plain.map(([number]) => number)).toEqual(numbers);
  expect(results.plain.some(([, queue]) => queue === "plain-queue")).toBe(true);
  for (const { spec } of aws.jobs()) {
    const gpu = spec.queue.name === "gpu-queue";
    expect(spec.resources).toMatchObject(
      gpu ? { VCPU: "4", MEMORY: "16384", GPU: "1" } : { VCPU: "1", MEMORY: "1843" },
    );
    if (!gpu) expect(spec.resources).not.toHaveProperty("GPU");
  }
  expect(new Set(aws.jobs().map(({ spec }) => spec.queue.name))).toEqual(new Set(["gpu-queue", "plain-queue"]));
}, 120_000);
