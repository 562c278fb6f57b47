import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChildProgram } from "../scaler/index.ts";
import { BatchFaultBed } from "./batch-fault-bed.ts";

const PAYLOAD = "canary-of-a-payload";
const TOKEN = "canary-of-a-session-token";
const ODD = 'été 日本 / "x"; `rm` $(rm) ../..';

describe("odd payloads and names", () => {
  let bed: BatchFaultBed;
  let manager: ChildProgram;
  beforeAll(async () => {
    bed = await BatchFaultBed.open();
    const tags = `owner=a b,scaler-aws-hpc:manager=mine`;
    const args = ["--name", ODD, "--s3-prefix", "/deep/pre.fix_-/", "--batch-tags", tags, "--max-payload", "65MB"];
    manager = await bed.manager(ODD, [...args, "--logging-level", "trace"], { AWS_SESSION_TOKEN: TOKEN });
  });
  afterAll(() => bed?.[Symbol.asyncDispose]());

  const outcome = async (options: Parameters<BatchFaultBed["client"]>[0]) => (await bed.client(options)).outcome();

  it("names nothing on AWS by what users write, and lets nobody but the manager say which manager it is", async () => {
    expect(await outcome({ tasks: 3 }), bed.logs()).toEqual({ right: 3, wrong: [], failed: [] });
    const [job] = bed.aws.jobs();
    expect(job?.spec.name).toMatch(/^[0-9a-f]{16}-\d+-\d+$/);
    expect(job?.spec.tags).toMatchObject({ owner: "a b", "scaler-aws-hpc:manager": job?.spec.name.slice(0, 16) });
    expect(bed.s3.keys().filter((key) => !/^deep\/pre\.fix_-\/v1\/[a-z]+\/[0-9a-f]{16}\//.test(key))).toEqual([]);
  });

  it("writes no payload, key or job secret where others read", async () => {
    const all = { right: 6, wrong: [], failed: [] };
    expect(await outcome({ tasks: 6, seconds: 0.2, text: PAYLOAD, bytes: 10 })).toEqual(all);
    const jobs = JSON.stringify(bed.aws.jobs().map(({ spec }) => spec));
    const secrets = [...jobs.matchAll(/1:([0-9a-f]{64}):/g)].map(([, secret = ""]) => secret);
    expect(secrets.length).toBeGreaterThan(0);
    const places = {
      log: manager.logs.text,
      arguments: await readFile(`/proc/${manager.pid}/cmdline`, "utf8"),
      keys: bed.s3.keys().join(),
      names: bed.aws
        .jobs()
        .map(({ spec: { name, tags } }) => `${name} ${JSON.stringify(tags)}`)
        .join(),
      containers: bed.aws
        .units()
        .map(({ id }) => bed.aws.logOf(id))
        .join(),
    };
    for (const [place, text] of Object.entries(places)) {
      for (const secret of [PAYLOAD, TOKEN, ...secrets]) expect(text.includes(secret), place).toBe(false);
    }
  });

  it("moves 60 MB there and back, and says what is above --max-payload", async () => {
    bed.s3.resetCounts();
    expect(await outcome({ bytes: 60_000_000 })).toEqual({ right: 1, wrong: [], failed: [] });
    expect(bed.s3.counts().CompleteMultipartUpload).toBe(1);
    const { right, wrong, failed } = await outcome({ bytes: 66_000_000 });
    expect({ right, wrong, failed: failed.length }).toEqual({ right: 0, wrong: [], failed: 1 });
    expect(failed[0]).toMatch(/\[too-large\] .* is above --max-payload \(65000000 bytes\)/);
    expect(bed.s3.openUploads()).toEqual([]);
  });

  // What fails with the released manager before the same service: `batch-emulator/original.integration.test.ts`.
  it.each([
    ["arrays with more than 4 KB a task", 30, 5_000],
    ["a single task of 6.5 KB, past what a container's command may hold", 1, 6_500],
    ["a single task of 22 KiB, past what a request may hold", 1, 22 * 1_024],
    ["a single task of 27 KiB", 1, 27 * 1_024],
    ["a single task of 40 KB", 1, 40_000],
  ])("passes %s", async (_, tasks, bytes) => {
    expect(await outcome({ tasks, bytes })).toEqual({ right: tasks, wrong: [], failed: [] });
  });

  it("passes 3,000 arguments", async () => {
    expect(await outcome({ arguments: 3_000 })).toEqual({ right: 1, wrong: [], failed: [] });
  });

  it("stores a function of 5 MB once for 500 tasks", async () => {
    bed.s3.resetCounts();
    expect(await outcome({ tasks: 500, "function-bytes": 5_000_000 })).toEqual({ right: 500, wrong: [], failed: [] });
    const shared = bed.s3.keys().filter((key) => key.includes("/objects/") && bed.s3.countsOf(key).GetObject);
    expect(shared.map((key) => bed.s3.countsOf(key).PutObject)).toEqual([1]);
  });
});
