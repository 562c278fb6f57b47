import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BatchEmulator, PROVISIONED, startBatchEmulator } from "../batch-emulator/index.ts";
import {
  type CaseResult,
  type ChildProgram,
  type Cluster,
  casesFor,
  releaseBin,
  repositoryRoot,
  runClientSuite,
  type SuiteCase,
  startCluster,
  startManager,
} from "../scaler/index.ts";

const LIMIT_MS = 400_000;
const RELEASE = "2.9.0";
const RUNNER = join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");

interface Setting {
  readonly name: string;
  readonly slots: number;
  /** Tiny tasks in `many_tiny`: without packing each is a process. */
  readonly tasks: number;
  readonly args?: readonly string[];
  readonly mode: "process" | "warm";
}

const settings: readonly Setting[] = [
  { name: "arrays, with packing", slots: 4, tasks: 10_000, mode: "process" },
  {
    name: "arrays, without packing, nothing inline",
    slots: 4,
    tasks: 300,
    args: ["--tasks-per-job", "1", "--no-inline"],
    mode: "warm",
  },
  { name: "single jobs, with packing", slots: 1, tasks: 2_000, mode: "warm" },
  { name: "single jobs, without packing", slots: 1, tasks: 100, args: ["--tasks-per-job", "1"], mode: "warm" },
];

/** The Batch service and the S3 of this machine, before real runners. */
async function startAws(mode: Setting["mode"], definitions = ["emulator-job"]): Promise<BatchEmulator> {
  const python = join(releaseBin(RELEASE), "python");
  return await startBatchEmulator({
    runner: mode === "process" ? { mode, argv: [python, "-B", RUNNER] } : { mode, python, script: RUNNER },
    definitions: definitions.map((jobDefinitionName) => ({ ...PROVISIONED, jobDefinitionName })),
    queues: [{ name: "emulator-queue", vcpus: 8 }],
    s3: { buckets: ["emulator-bucket"] },
    startMs: 50,
  });
}

const AWS = ["--job-queue", "emulator-queue", "--job-definition", "emulator-job", "--s3-bucket", "emulator-bucket"];

describe.each(settings)("a real client and scheduler before AWS Batch, $name", ({ slots, tasks, args = [], mode }) => {
  let aws: BatchEmulator;
  let cluster: Cluster;
  let manager: ChildProgram;
  let results: readonly CaseResult[] = [];
  // A single slot runs one task after another: what needs two at once is for the others.
  const cases: readonly SuiteCase[] = casesFor(RELEASE);

  beforeAll(async () => {
    aws = await startAws(mode);
    cluster = await startCluster({ release: RELEASE });
    manager = await startManager(cluster, {
      backend: "batch",
      args: ["--max-concurrent-jobs", String(slots), ...AWS, ...args],
      env: aws.env,
    });
    results = await runClientSuite(cluster, { cases, slots, tasks, strict: true, timeoutMs: LIMIT_MS });
  }, LIMIT_MS + 60_000);

  afterAll(async () => {
    await manager?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
    await aws?.[Symbol.asyncDispose]();
  }, 30_000);

  it.each(cases)("%s", (name) => {
    const result = results.find((one) => one.name === name);
    expect(result, `${result?.detail}\n${manager.logs.tail()}`).toMatchObject({ ok: true });
  });

  it("leaves no live job and no object behind", async () => {
    await manager.exited;
    expect(aws.jobs().filter(({ status }) => status !== "SUCCEEDED" && status !== "FAILED")).toEqual([]);
    const keys = aws.s3?.keys("", "emulator-bucket") ?? [];
    expect(keys.filter((key) => !key.endsWith("/lease"))).toEqual([]);
  });
});
