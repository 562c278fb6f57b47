import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchClient, ListJobsCommand, SubmitJobCommand, TerminateJobCommand } from "@aws-sdk/client-batch";
import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, describe, expect, it } from "vitest";
import { EmulatorBed } from "../../test-support/emulator-bed.ts";
import { ChildProgram } from "../scaler/child-program.ts";
import { nodeProgram } from "../scaler/repository.ts";
import type { RunnerOptions } from "./options.ts";

const folder = mkdtempSync(join(tmpdir(), "emulator-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A runner whose first task id says what it does. */
const script = join(folder, "a_runner.py");
writeFileSync(
  script,
  `
import os, signal, subprocess, sys, time

def main():
    what = sys.argv[sys.argv.index("--task_id") + 1]
    print("does", what, flush=True)
    if what == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if what == "polite":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if what == "family":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
        print("child", child.pid, flush=True)
    if what == "pid":
        print("pid", os.getpid(), flush=True)
        time.sleep(60)
    if what in ("stubborn", "polite", "sleep", "family"):
        print("sleeps", flush=True)
        time.sleep(60)
    if what == "raise":
        raise ValueError("on purpose")
    if what == "environment":
        names = [name for name in os.environ if name.startswith("AWS_BATCH") or name == "SECRET_OF_THE_TEST"]
        print(*sorted("%s=%s" % (name, os.environ[name]) for name in names), sep="\\n")
    return 5 if what == "five" else 0

if __name__ == "__main__":
    sys.exit(main())
`,
);

process.env["SECRET_OF_THE_TEST"] = "1";

const RUNNERS: readonly (readonly [string, RunnerOptions])[] = [
  ["fresh processes", { mode: "process", argv: ["python3", script] }],
  ["forks", { mode: "warm", python: "python3", script }],
  ["forks that are used again", { mode: "warm", python: "python3", script, workers: 2 }],
];

function lives(pid: number): boolean {
  try {
    // A process that was killed may wait as a zombie for a parent that does not look.
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

describe.each(RUNNERS)("containers as %s", (_, runner) => {
  const open = (options: object = {}) => EmulatorBed.open({ runner, ...options });
  const does = (what: string): object => ({ parameters: { task_id: what } });

  it("end with their exit codes and leave a log", async () => {
    await using bed = await open();
    const [fine, five, raise] = [
      await bed.submit(does("fine")),
      await bed.submit(does("five")),
      await bed.submit(does("raise")),
    ];
    expect(await bed.over(fine)).toMatchObject({ status: "SUCCEEDED", container: { exitCode: 0 } });
    expect(await bed.over(five)).toMatchObject({ status: "FAILED", container: { exitCode: 5 } });
    const failed = await bed.over(raise);
    expect(failed).toMatchObject({ status: "FAILED", container: { exitCode: 1 } });
    const logStreamName = failed.container?.logStreamName;
    const get = (limit: number) =>
      bed.logs.send(new GetLogEventsCommand({ logGroupName: "/aws/batch/job", logStreamName, limit }));
    const all = (await get(100)).events?.map(({ message }) => message);
    expect(all?.[0]).toBe("does raise");
    expect((await get(1)).events).toMatchObject([{ message: "ValueError: on purpose" }]);
    const none = new GetLogEventsCommand({ logGroupName: "/aws/batch/job", logStreamName: "none" });
    await expect(bed.logs.send(none)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("have Batch's variables and none of the test's", async () => {
    await using bed = await open();
    const id = await bed.submit({ ...does("environment"), arrayProperties: { size: 2 } });
    await bed.over(id);
    expect(bed.aws.logOf(`${id}:1`).split("\n").slice(1, -1)).toEqual([
      "AWS_BATCH_CE_NAME=emulator-queue-compute",
      "AWS_BATCH_JOB_ARRAY_INDEX=1",
      "AWS_BATCH_JOB_ARRAY_SIZE=2",
      "AWS_BATCH_JOB_ATTEMPT=1",
      `AWS_BATCH_JOB_ID=${id}:1`,
      "AWS_BATCH_JQ_NAME=emulator-queue",
    ]);
  });

  it.each([
    ["polite", 143],
    ["stubborn", 137],
    ["sleep", 143],
  ])("get SIGTERM, then SIGKILL: %s", async (what, exitCode) => {
    await using bed = await open({ stopGraceMs: 300 });
    const id = await bed.submit(does(what));
    await expect.poll(() => bed.aws.logOf(id), { timeout: 5_000 }).toMatch(/sleeps/);
    await bed.batch.send(new TerminateJobCommand({ jobId: id, reason: "enough" }));
    expect(await bed.over(id)).toMatchObject({ status: "FAILED", statusReason: "enough", container: { exitCode } });
  });

  it("lose all their processes with their host, and with the emulator", async () => {
    await using bed = await open({ attemptFaults: [{ fault: "spot", namePart: "lost", afterMs: [1_500, 1_500] }] });
    const kept = await bed.submit({ ...does("family"), jobName: "kept" });
    const lost = await bed.submit({ ...does("family"), jobName: "lost" });
    const pids = new Map<string, number>();
    for (const id of [kept, lost]) {
      await expect.poll(() => bed.aws.logOf(id), { timeout: 5_000 }).toMatch(/child \d+/);
      pids.set(id, Number(/child (\d+)/.exec(bed.aws.logOf(id))?.[1]));
    }
    expect(await bed.over(lost)).toMatchObject({ status: "FAILED", statusReason: expect.stringMatching(/^Host EC2/) });
    await expect.poll(() => lives(pids.get(lost) ?? 0)).toBe(false);
    expect(lives(pids.get(kept) ?? 0)).toBe(true);
    await bed.aws[Symbol.asyncDispose]();
    await expect.poll(() => lives(pids.get(kept) ?? 0)).toBe(false);
  });
});

it("cannot start what is not there, and says so in no more than 255 characters", async () => {
  await using bed = await EmulatorBed.open({ runner: { mode: "process", argv: [`/nowhere/${"x".repeat(300)}`] } });
  const job = await bed.over(await bed.submit());
  expect(job).toMatchObject({ status: "FAILED", statusReason: "Task failed to start" });
  expect(job.attempts?.[0]?.container?.reason).toMatch(/^CannotStartContainerError.{230}$/);
});

it.each([
  ["fresh processes", ["--", "python3", script]],
  ["forks", ["--warm", "python3", "--script", script]],
])("leaves no container behind when it is killed: %s", async (_, runner) => {
  const main = join(import.meta.dirname, "main.ts");
  const args = ["--conditions=@scaler-aws-hpc/source", main, "--start-ms", "0", ...runner];
  await using program = await ChildProgram.start({ name: "emulator", file: nodeProgram(), args });
  const [greeting = ""] = await program.waitForLog(/^\{.*\}$/m);
  const { endpoint } = JSON.parse(greeting);
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "test" };
  const batch = new BatchClient({ endpoint, region: "us-east-1", credentials });
  const job = { jobName: "job", jobQueue: "emulator-queue", jobDefinition: "emulator-job" };
  const { jobId } = await batch.send(new SubmitJobCommand({ ...job, parameters: { task_id: "pid" } }));
  batch.destroy();
  let pid = 0;
  await expect
    .poll(
      async () => {
        const body = JSON.stringify({ id: jobId });
        const text = await (await fetch(`${endpoint}/_emulator/log`, { method: "POST", body })).text();
        pid = Number(/pid (\d+)/.exec(text)?.[1]);
        return pid > 0;
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  expect(lives(pid)).toBe(true);
  program.kill("SIGKILL");
  await expect.poll(() => lives(pid), { timeout: 5_000 }).toBe(false);
});

it("runs as a program of its own, which tells over HTTP what it counts", async () => {
  const main = join(import.meta.dirname, "main.ts");
  const args = [
    "--conditions=@scaler-aws-hpc/source",
    main,
    "--queue",
    "a-queue",
    "--start-ms",
    "0",
    "--simulate-ms",
    "20",
  ];
  await using program = await ChildProgram.start({ name: "emulator", file: nodeProgram(), args });
  const [greeting = ""] = await program.waitForLog(/^\{.*\}$/m);
  const { endpoint, env } = JSON.parse(greeting);
  expect(env).toMatchObject({ AWS_ENDPOINT_URL_BATCH: endpoint, AWS_REGION: "us-east-1" });
  const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY };
  const batch = new BatchClient({ endpoint, region: env.AWS_REGION, credentials });
  await batch.send(new SubmitJobCommand({ jobName: "job", jobQueue: "a-queue", jobDefinition: "emulator-job" }));
  const ask = async (path: string, body?: object): Promise<Record<string, unknown>> => {
    const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return (await (await fetch(`${endpoint}/_emulator/${path}`, options)).json()) as Record<string, unknown>;
  };
  await expect.poll(() => ask("jobs")).toMatchObject([{ name: "job", status: "SUCCEEDED", attempts: 1 }]);
  expect(await ask("counts")).toMatchObject({ calls: { SubmitJob: 1 }, containers: { started: 1 }, liveJobs: 0 });
  await ask("call-fault", { fault: "access-denied", operations: ["ListJobs"] });
  const list = batch.send(new ListJobsCommand({ jobQueue: "a-queue" }));
  await expect(list).rejects.toMatchObject({ name: "AccessDeniedException" });
  expect(await ask("counts")).toMatchObject({ faults: { "access-denied": 1 } });
  expect((await program.stop("SIGTERM")).code).toBe(0);
  batch.destroy();
});
