import { chmod } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { ContainerRequest } from "../../test-support/containers/job-engine.ts";
import { type MotoBatch, startMotoBatch } from "../../test-support/containers/moto-batch.ts";
import { temporaryFolder } from "../../test-support/containers/temporary-folder.ts";
import { containerBed } from "../../test-support/containers/with-bed.ts";
import { withEnvironment } from "../s3-store/s3-place.ts";
import { type CaseResult, runClientSuite, type SuiteCase, startCluster, startManager } from "../scaler/index.ts";

const bed = containerBed();
const LIMIT_MS = 300_000;
const SLOTS = 4;

/** The suite's core: what needs no more than a few containers one after another. All of it runs on the emulator of Batch. */
const CASES: readonly SuiteCase[] = [
  "submit",
  "map",
  "graph",
  "graph_failure",
  "send_object",
  "nested_containers",
  "cancel_queued",
  "cancel_running",
  "raising",
  "raising_traceback",
  "custom_exception",
  "sys_exit",
  "os_exit",
  "killed",
  "unpicklable_result",
  "stream_output",
  "big_argument",
  "big_result",
  "many_tiny",
  "shutdown",
];

const AWS = ["--job-queue", "queue", "--job-definition", "job", "--s3-bucket", "bucket", "--aws-region", "us-east-1"];

interface Run {
  readonly results: readonly CaseResult[];
  readonly made: readonly ContainerRequest[];
  /** Jobs that were not over when the manager had ended. */
  readonly left: readonly string[];
  readonly logs: string;
}

/** Jobs that go on after the manager's end. moto takes some looks at a container that was ended until it says so. */
async function left(aws: MotoBatch): Promise<readonly string[]> {
  for (let look = 0; ; look++) {
    const names = await aws.unfinished();
    if (names.length === 0 || look === 20) return names;
    await sleep(1_000);
  }
}

describe("a real client and scheduler, our manager, and the runner's image in containers of moto's Batch", () => {
  let seen: Run;

  beforeAll(async () => {
    if (bed === undefined) return;
    const begun = performance.now();
    // Where tasks and client leave marks for each other; tasks are no root.
    await using shared = await temporaryFolder();
    await chmod(shared.path, 0o777);
    using _marks = withEnvironment({ TMPDIR: shared.path });
    await using aws = await startMotoBatch(bed, shared.path);
    await using cluster = await startCluster({ release: "2.9.0" });
    await using manager = await startManager(cluster, {
      backend: "batch",
      args: ["--max-concurrent-jobs", String(SLOTS), ...AWS],
      env: aws.env,
    });
    const options = { cases: CASES, slots: SLOTS, tasks: 200, strict: true, elsewhere: true, timeoutMs: LIMIT_MS };
    const results = await runClientSuite(cluster, options);
    await Promise.race([manager.exited, sleep(10_000)]);
    seen = { results, made: [...aws.engine.made], left: await left(aws), logs: manager.logs.tail() };
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    const slow = results.toSorted((a, b) => b.seconds - a.seconds).slice(0, 5);
    console.log(`slowest cases: ${slow.map(({ name, seconds: took }) => `${name} ${took} s`).join(", ")}`);
    console.log(`client suite on moto's Batch: ${seen.made.length} containers in ${seconds} s`);
  }, LIMIT_MS + 60_000);

  it.each(CASES)("%s", (one) => {
    const result = seen.results.find(({ name }) => name === one);
    expect(result, `${result?.detail}\n${seen.logs}`).toMatchObject({ ok: true });
  });

  it("ran every task in a container with a read-only file system, no capabilities and no root", () => {
    expect(seen.made.length).toBeGreaterThan(0);
    for (const { HostConfig, User } of seen.made) {
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges"] });
      // The image's own.
      expect(User ?? "").toBe("");
    }
    const indexes = seen.made.flatMap(({ Env = [] }) =>
      Env.filter((name) => name.startsWith("AWS_BATCH_JOB_ARRAY_INDEX=")),
    );
    expect(indexes.length).toBeGreaterThan(0);
  });

  it("leaves no job behind", () => {
    expect(seen.left, seen.logs).toEqual([]);
  });
});
