import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BatchEmulator, startBatchEmulator } from "../batch-emulator/index.ts";
import {
  ChildProgram,
  type Cluster,
  cliProgram,
  nodeProgram,
  type ProgramExit,
  releaseBin,
  repositoryRoot,
  startClient,
  startCluster,
  startManager,
} from "../scaler/index.ts";
import { until } from "./fault-bed.ts";
import { readRecord } from "./run-record.ts";

const RUNNER = join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");
const ID = "on-batch";
/** Where jobs are; what only a submit needs is not in here. */
const PLACES = ["-q", "emulator-queue", "--s3-bucket", "emulator-bucket"];
const AWS = [...PLACES, "-d", "emulator-job"];
const FLAGS = [...AWS, "--max-concurrent-jobs", "2", "--batch-start-seconds", "1"];
const WAIT_MS = 60_000;

describe("the command line before AWS Batch", () => {
  let aws: BatchEmulator;
  let cluster: Cluster;
  const programs: ChildProgram[] = [];

  beforeEach(async () => {
    aws = await startBatchEmulator({
      runner: { mode: "process", argv: [join(releaseBin("2.9.0"), "python"), "-B", RUNNER] },
      startMs: 50,
    });
    cluster = await startCluster();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail")
      console.error(programs.map(({ name, logs }) => `--- ${name}\n${logs.tail()}`).join("\n"));
    for (const program of programs.splice(0)) await program[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
    await aws?.[Symbol.asyncDispose]();
  });

  async function manager(...more: readonly string[]): Promise<ChildProgram> {
    const args = [...FLAGS, ...more];
    const program = await startManager(cluster, { backend: "batch", workerManagerId: ID, args, env: aws.env });
    programs.push(program);
    return program;
  }

  /** A client whose tasks write down that they ran. */
  async function client(tasks: number, seconds: number) {
    const file = join(cluster.folder, "runs");
    const args = ["--tasks", tasks, "--seconds", seconds, "--record", file, "--every", 1].map(String);
    const program = await startClient(cluster, "fault_client.py", args);
    programs.push(program);
    return {
      /** Resolves once so many tasks have begun. */
      begun: (count: number) =>
        until(`${count} tasks run`, async () => (await readRecord(file)).tasks >= count, WAIT_MS),
      record: () => readRecord(file),
      outcome: async () => JSON.parse((await program.waitForLog(/^\{"right": .*\}$/m, WAIT_MS))[0]) as object,
    };
  }

  async function run(
    ...args: readonly string[]
  ): Promise<ProgramExit & { readonly stdout: string; readonly text: string }> {
    const env = { ...cluster.env, ...aws.env, NODE_ENV: "production", NO_COLOR: "1" };
    const program = await ChildProgram.start({
      name: args.slice(0, 2).join(" "),
      file: nodeProgram(),
      args: [cliProgram(), ...args],
      env,
      cwd: cluster.folder,
    });
    programs.push(program);
    return { ...(await program.exited), stdout: program.stdout.text, text: program.logs.tail() };
  }

  const orphans = (verb: string, ...more: readonly string[]) =>
    run("orphans", verb, ...PLACES, "--worker-manager-id", ID, ...more);

  it("refuses a second manager of a living one's id, and to stop the jobs of a manager that lives", async () => {
    const first = await manager();
    const { begun, outcome } = await client(2, 15);
    await begun(2);
    const [second, kill] = await Promise.all([
      run("start", ...FLAGS, "--worker-manager-id", ID, cluster.address),
      orphans("kill", "--yes"),
    ]);
    expect(second.code).toBe(78);
    expect(second.text).toMatch(/\[conflict\] another manager with id on-batch is alive on host .* \(process \d+\)/);
    expect(kill.code).toBe(78);
    expect(kill.text).toMatch(/manager [0-9a-f]{16} lives: held by .*, renewed \d+ s ago; stop it, or give --force/);
    expect(await outcome()).toEqual({ right: 2, wrong: [] });
    expect((await first.stop("SIGTERM", 20_000)).code).toBe(0);
    expect(aws.liveJobs()).toEqual([]);
  });

  it("finds and stops what a killed manager left", async () => {
    const killed = await manager();
    const { begun } = await client(2, 300);
    await begun(2);
    killed.kill("SIGKILL");
    await killed.exited;
    const list = await orphans("list", "--json");
    const found = JSON.parse(list.stdout) as { readonly managers: readonly { readonly jobs: readonly object[] }[] };
    expect(found).toMatchObject({ schemaVersion: 1, managers: [{ lease: { alive: false, released: false } }] });
    expect(found.managers[0]?.jobs).toHaveLength(aws.liveJobs().length);
    const unasked = await orphans("kill");
    expect(unasked.code).toBe(2);
    expect(unasked.text).toMatch(/would stop \d+ jobs? of 1 manager: nobody can be asked here, give --yes/);
    const kill = await run("orphans", "kill", ...PLACES, "--all", "--yes");
    expect(kill.code).toBe(0);
    expect(kill.stdout).toMatch(/^[0-9a-f]{16}-\d+-\d+: stopped$/m);
    expect(aws.liveJobs()).toEqual([]);
    expect((await orphans("list")).stdout).toMatch(/live jobs: 0$/m);
  });

  it("hands its jobs over with --on-exit handoff, and nothing runs twice", async () => {
    const first = await manager("--on-exit", "handoff", "--drain-timeout", "0");
    const { begun, outcome, record } = await client(6, 5);
    await begun(2);
    expect((await first.stop("SIGTERM", 20_000)).code).toBe(0);
    expect(aws.liveJobs().length).toBeGreaterThan(0);
    const second = await manager();
    expect(await outcome()).toEqual({ right: 6, wrong: [] });
    expect(await record()).toMatchObject({ tasks: 6, repeated: [] });
    expect((await second.stop("SIGTERM", 20_000)).code).toBe(0);
    expect(aws.liveJobs()).toEqual([]);
    expect(aws.s3?.keys().filter((key) => !key.endsWith("/lease"))).toEqual([]);
  });
});
