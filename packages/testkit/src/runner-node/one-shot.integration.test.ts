import { decodeValue } from "@scaler-aws-hpc/client/format";
import { RUNNER_FILE } from "@scaler-aws-hpc/runner-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Entry, imageEntry } from "../../test-support/runner-node/image-entry.ts";
import { OneShotBed, type OneShotEnd } from "../../test-support/runner-node/one-shot-bed.ts";

const ADD = "(a, b) => a + b";
const alone: Entry = { file: process.execPath, args: [RUNNER_FILE] };
let bed: OneShotBed;

const results = ({ frames }: OneShotEnd) => frames.flatMap((frame) => frame.results);
const values = (end: OneShotEnd) =>
  results(end).map((result) => (result.status === "ok" && !result.gzip ? decodeValue(result.blob) : result));

describe.each([
  ["started alone", alone],
  ["started as in its image", imageEntry(process.execPath, RUNNER_FILE)],
])("the Node runner as a job, %s", (_, entry) => {
  beforeEach(async () => {
    bed = await OneShotBed.open(entry);
  });
  afterEach(() => bed[Symbol.asyncDispose]());

  it("runs a pack with two requests and two lines of log", async () => {
    const end = await bed.run([0, 1, 2, 3, 4].map((n) => [ADD, n, 10] as const));
    expect(end.code).toBe(0);
    expect(values(end)).toEqual([10, 11, 12, 13, 14]);
    expect(end.frames).toMatchObject([{ attempt: 1, n: 0, last: true }]);
    expect(bed.s3.counts()).toEqual({ GetObject: 1, PutObject: 1 });
    const lines = end.log.trim().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain("j-1 child 0 attempt 1, batch job 6f1c, node ");
    expect(lines[1]).toContain("ends with code 0: 5 answered, 0 handed back, 1 frames");
  });

  it("runs an inline bundle without a prefix, and compresses what pays", async () => {
    const end = await bed.run([["() => 'x'.repeat(100_000)"]], { inline: true, parameters: { s3_prefix: "none" } });
    expect(end.code).toBe(0);
    expect(results(end)).toMatchObject([{ status: "ok", gzip: true, raw: expect.any(Number) }]);
    expect(bed.s3.counts()).toEqual({ PutObject: 1 });
    expect(bed.s3.keys("v1/out/")).toEqual(["v1/out/m/j-1.0.1.0"]);
  });

  it("goes on after tasks that end their process, and says nothing of what they print", async () => {
    const end = await bed.run(
      [
        [ADD, 1, 2],
        ["() => { console.log('a secret'); for (;;); }"],
        ["() => { const all = []; for (;;) all.push({}); }"],
        ["() => process.exit(0)"],
        ["() => process.abort()"],
        [ADD, 3, 4],
      ],
      { section: { taskLimitMs: 1_500 }, env: { SCALER_RUNNER_MEMORY_MIB: "64" } },
    );
    expect(end.code).toBe(0);
    expect(results(end).map(({ status }) => status)).toEqual(["ok", "died", "died", "error", "died", "ok"]);
    expect(results(end)[1]).toMatchObject({ cause: { kind: "timeout" } });
    expect(results(end)[2]).toMatchObject({ cause: { kind: "oom" } });
    expect(results(end)[4]).toMatchObject({ cause: { kind: "signal", signal: 6 } });
    expect(end.log).not.toContain("secret");
  });

  it("names the first task of a job that ends the process, or takes all memory", async () => {
    for (const [source, cause] of [
      ["() => process.kill(process.pid, 'SIGKILL')", { kind: "signal", signal: 9, first: true }],
      ["() => { const all = []; for (;;) all.push({}); }", { kind: "oom", first: true }],
    ] as const) {
      const end = await bed.run([[source], [ADD, 3, 4]], { inline: true, env: { SCALER_RUNNER_MEMORY_MIB: "64" } });
      expect(end.code).toBe(0);
      expect(results(end)).toMatchObject([{ status: "died", cause }, { status: "ok" }]);
      for (const key of bed.s3.keys("p/v1/out/")) bed.s3.delete("emulator-bucket", key);
    }
  });

  it("hands back what its time is too short for", async () => {
    const wait = "() => new Promise((resolve) => setTimeout(resolve, 200))";
    const end = await bed.run([[wait], [wait], [wait]], { section: { packBudgetMs: 100 } });
    expect(end.code).toBe(0);
    expect(end.frames).toMatchObject([{ last: true, notStarted: [1, 2] }]);
    expect(end.log).toContain("1 answered, 2 handed back");
  });

  it("stores a large result in parts", async () => {
    const large =
      "() => { const all = Buffer.alloc(70e6); crypto.getRandomValues(all.subarray(0, 65536)); for (let n = 65536; n < all.length; n += 65536) all.copy(all, n, 0, 65536); return all; }";
    const end = await bed.run([[large]]);
    expect(end.code).toBe(0);
    expect(results(end)).toMatchObject([{ status: "ok" }]);
    expect(bed.s3.openUploads()).toEqual([]);
  }, 30_000);

  it.each(["slow-down", "internal-error", "truncated", "lost-response", "lost-request"] as const)(
    "gets past %s",
    async (fault) => {
      bed.s3.faults.add({ fault, times: 3 });
      const end = await bed.run([[ADD, 1, 2]]);
      expect(end.code).toBe(0);
      expect(values(end)).toEqual([3]);
    },
  );

  it("stores what is finished and hands back the rest when it is told to stop", async () => {
    const tasks = [[ADD, 1, 2], ["() => new Promise(() => {})"], [ADD, 3, 4]] as const;
    const { stop, ended } = await bed.start(tasks, { section: { flushMs: 50 } });
    for (let n = 0; n < 200 && bed.s3.keys("p/v1/out/").length === 0; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    stop();
    const end = await ended;
    expect(end.code).toBe(143);
    expect(values(end)).toEqual([3]);
    expect(end.frames.at(-1)).toMatchObject({ last: true, notStarted: [2] });
  });

  it("executes nothing that is not signed", async () => {
    const change = (bytes: Buffer) => {
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
      return bytes;
    };
    const end = await bed.run([[ADD, 1, 2]], { change });
    expect(end).toMatchObject({ code: 65, frames: [], log: expect.stringContaining("another signature") });
  });

  it.each([
    [{ parameters: { compressed: "1" } }, 64, /another manager, the one of the original/],
    [{ parameters: { compressed: `1:${"0".repeat(64)}:m:python:default:us-east-1:-` } }, 64, /for the runner python/],
    [{ parameters: { compressed: "2:x" } }, 64, /version 2/],
    [{ parameters: { s3_key: undefined } }, 64, /--s3_key is missing/],
    [{ parameters: { s3_bucket: "Ref::s3_bucket" } }, 64, /not substituted/],
    [{ parameters: { s3_key: "v1/in/other/j-1" } }, 64, /not the key of a bundle of this manager/],
    [{ env: { AWS_BATCH_JOB_ID: undefined } }, 78, /AWS_BATCH_JOB_ID is not set/],
    [{ env: { AWS_BATCH_JOB_ATTEMPT: "x" } }, 78, /AWS_BATCH_JOB_ATTEMPT/],
    [{ parameters: { s3_key: "v1/in/m/absent" } }, 74, /v1\/in\/m\/absent is not there/],
    [{ env: { AWS_ACCESS_KEY_ID: undefined } }, 74, /no AWS credentials/],
  ])("refuses %o with code %i", async (choices, code, message) => {
    const end = await bed.run([[ADD, 1, 2]], choices);
    expect(end.code).toBe(code);
    expect(end.log).toMatch(message);
    expect(end.frames).toEqual([]);
  });
});
