import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { type BatchEmulator, PROVISIONED, startBatchEmulator } from "../batch-emulator/index.ts";
import {
  type CaseResult,
  casesFor,
  releaseBin,
  repositoryRoot,
  runClientSuite,
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
  { name: "arrays, with packing", slots: 4, tasks: 2_000, mode: "process" },
  {
    name: "arrays, without packing, nothing inline",
    slots: 4,
    tasks: 200,
    args: ["--tasks-per-job", "1", "--no-inline"],
    mode: "warm",
  },
  { name: "single jobs, with packing", slots: 1, tasks: 2_000, mode: "warm" },
  { name: "single jobs, without packing", slots: 1, tasks: 100, args: ["--tasks-per-job", "1"], mode: "warm" },
];

/** The Batch service and the S3 of this machine, before real runners. */
async function startAws(mode: Setting["mode"]): Promise<BatchEmulator> {
  const python = join(releaseBin(RELEASE), "python");
  return await startBatchEmulator({
    runner: mode === "process" ? { mode, argv: [python, "-B", RUNNER] } : { mode, python, script: RUNNER },
    definitions: [{ ...PROVISIONED, jobDefinitionName: "emulator-job" }],
    queues: [{ name: "emulator-queue", vcpus: 8 }],
    s3: { buckets: ["emulator-bucket"] },
    startMs: 50,
  });
}

const AWS = ["--job-queue", "emulator-queue", "--job-definition", "emulator-job", "--s3-bucket", "emulator-bucket"];

interface Run {
  readonly results: readonly CaseResult[];
  readonly logs: string;
  /** Jobs that were not over, and objects but the lease, when the manager had ended. */
  readonly left: readonly string[];
}

const runs = new Map<string, Promise<Run>>();

async function run({ slots, tasks, args = [], mode }: Setting): Promise<Run> {
  await using aws = await startAws(mode);
  await using cluster = await startCluster({ release: RELEASE });
  await using manager = await startManager(cluster, {
    backend: "batch",
    args: ["--max-concurrent-jobs", String(slots), ...AWS, ...args],
    env: aws.env,
  });
  const results = await runClientSuite(cluster, { slots, tasks, strict: true, timeoutMs: LIMIT_MS });
  await Promise.race([manager.exited, sleep(10_000)]);
  const jobs = aws.jobs().filter(({ status }) => status !== "SUCCEEDED" && status !== "FAILED");
  const keys = aws.s3?.keys("", "emulator-bucket") ?? [];
  const left = [...jobs.map(({ spec }) => spec.name), ...keys.filter((key) => !key.endsWith("/lease"))];
  return { results, logs: manager.logs.tail(), left };
}

// They wait more than they compute: two at a time take half as long and are no slower each.
beforeAll(() => {
  const [first, second, third, fourth] = settings.map((setting) => (before?: Promise<unknown>) => {
    const begun = Promise.resolve(before?.catch(() => {})).then(() => run(setting));
    runs.set(setting.name, begun);
    begun.catch(() => {});
    return begun;
  });
  third?.(first?.());
  fourth?.(second?.());
});

describe.each(settings)("a real client and scheduler before AWS Batch, $name", ({ name }) => {
  let seen: Run;
  beforeAll(async () => {
    seen = (await runs.get(name)) as Run;
  }, 2 * LIMIT_MS);

  it.each(casesFor(RELEASE))("%s", (one) => {
    const result = seen.results.find((other) => other.name === one);
    expect(result, `${result?.detail}\n${seen.logs}`).toMatchObject({ ok: true });
  });

  it("leaves no live job and no object behind", () => {
    expect(seen.left, seen.logs).toEqual([]);
  });
});
