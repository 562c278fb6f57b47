import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until } from "../faults/fault-bed.ts";
import { BatchFaultBed } from "./batch-fault-bed.ts";

const BUCKET = "emulator-bucket";

describe("what somebody who may write to the bucket can do", () => {
  let bed: BatchFaultBed;
  beforeAll(async () => {
    bed = await BatchFaultBed.open();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.error(bed.logs());
    bed.aws.stick("emulator-queue", undefined);
    await bed.clear();
  });
  afterAll(() => bed?.[Symbol.asyncDispose]());

  const bytes = (key: string): Buffer => Buffer.from(bed.s3.get(BUCKET, key) ?? "");
  const keysOf = (part: string): readonly string[] => bed.s3.keys().filter((key) => key.includes(part));

  /** One result cut short, one with a bit turned, two of them each under the other's name, one gone. */
  function bend([short = "", turned = "", first = "", second = "", gone = ""]: readonly string[]): void {
    const bent = bytes(turned);
    bent.writeUInt8((bent.at(-1) ?? 0) ^ 1, bent.length - 1);
    const [one, other] = [bytes(first), bytes(second)];
    bed.s3.put(BUCKET, short, bytes(short).subarray(0, 60));
    bed.s3.put(BUCKET, turned, bent);
    bed.s3.put(BUCKET, first, other);
    bed.s3.put(BUCKET, second, one);
    bed.s3.delete(BUCKET, gone);
  }

  /** Five tasks whose results are bent between the runners' writing and the manager's reading. */
  async function bentResults(...args: readonly string[]) {
    const manager = await bed.manager("results", ["--tasks-per-job", "1", ...args]);
    const client = await bed.client({ tasks: 5, seconds: 0.7 });
    await client.begun(5);
    manager.kill("SIGSTOP");
    await until("five results", () => keysOf("/v1/out/").length === 5 && bed.aws.liveJobs().length === 0, 20_000);
    bend(keysOf("/v1/out/"));
    manager.kill("SIGCONT");
    return { manager, client };
  }

  it("costs a second run of the tasks whose results are bent, and no wrong value", async () => {
    const { manager, client } = await bentResults();
    expect(await client.outcome()).toEqual({ right: 5, wrong: [], failed: [] });
    expect((await client.record()).repeated).toHaveLength(5);
    expect((await manager.stop("SIGTERM", 20_000)).code).toBe(0);
    expect(bed.leftKeys()).toEqual([]);
  });

  it("fails those tasks where nothing is run twice", async () => {
    const { client } = await bentResults("--max-retries", "0");
    const { right, wrong, failed } = await client.outcome();
    expect({ right, wrong, failed: failed.length }).toEqual({ right: 0, wrong: [], failed: 5 });
    expect(failed[0]).toContain("the job succeeded without a result for this task");
  });

  it("has no changed bundle executed", async () => {
    bed.aws.stick("emulator-queue", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY");
    const before = bed.aws.units().length;
    await bed.manager("bundles", ["--no-inline", "--tasks-per-job", "2"]);
    const client = await bed.client({ tasks: 4 });
    const jobs = () => bed.aws.units().slice(before);
    await until("a job that waits", () => keysOf("/v1/in/").length === 1 && jobs().length > 0, 20_000);
    const first = jobs();
    for (const key of keysOf("/v1/in/")) {
      const bent = bytes(key);
      // At the end of each section there are blobs: what would be unpickled.
      const at = Math.floor(bent.length / 2);
      bent.writeUInt8(bent.readUInt8(at) ^ 1, at);
      bent.writeUInt8((bent.at(-1) ?? 0) ^ 1, bent.length - 1);
      bed.s3.put(BUCKET, key, bent);
    }
    bed.aws.stick("emulator-queue", undefined);
    await until("the runners have looked", () => first.every(({ exitCode }) => exitCode !== undefined), 20_000);
    expect(first.map(({ exitCode }) => exitCode)).toContain(65);
    expect(await client.outcome()).toEqual({ right: 4, wrong: [], failed: [] });
    expect((await client.record()).repeated).toEqual([]);
  });
});
