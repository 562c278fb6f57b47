import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, it } from "vitest";
import { BUCKET, EmulatorBed } from "../../test-support/emulator-bed.ts";
import { releaseBin } from "../scaler/repository.ts";

// What the released manager sends, made as it makes it, and its own runner in the containers. It needs the AWS SDK for Python, which
// comes with moto, and cloudpickle, which comes with the release.

const release = join(releaseBin("2.9.0"), "..");
const python = join(release, "..", "moto", "bin", "python");
const [packages = ""] = globSync("lib/python3*/site-packages", { cwd: release });
const site = join(release, packages);
const runner = join(site, "scaler", "worker_manager", "proxy", "aws_batch", "remote", "job_runner.py");
const containerEnvironment = { PATH: process.env["PATH"] ?? "", PYTHONPATH: site };

/** The pickle of a task whose only argument is so many random bytes, packed when it is larger than 4 KiB. */
function payloadOf(bytes: number): Buffer {
  const program = `
import cloudpickle, gzip, os, sys
payload = cloudpickle.dumps({"task_id": "ab", "source": "cd", "function": len, "arguments": [os.urandom(${bytes})]})
sys.stdout.buffer.write(gzip.compress(payload) if len(payload) > 4096 else payload)`;
  return execFileSync(python, ["-c", program], { env: containerEnvironment });
}

async function open(): Promise<EmulatorBed> {
  return await EmulatorBed.open({ runner: { mode: "process", argv: [python, runner] }, containerEnvironment });
}

/** A single job as the original submits it: up to 28 KiB in the request, else by way of S3. */
async function submitSingle(bed: EmulatorBed, bytes: number): Promise<string> {
  const payload = payloadOf(bytes);
  const inline = payload.length <= 28 * 1024;
  const key = "tasks/inputs/ab.pkl.gz";
  if (!inline) await bed.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: payload }));
  return await bed.submit({
    jobName: "len-abababababab",
    parameters: {
      task_id: "ab",
      payload: inline ? payload.toString("base64") : "",
      compressed: bytes > 4_096 ? "1" : "0",
      s3_bucket: BUCKET,
      s3_prefix: "tasks",
      s3_key: inline ? "none" : key,
    },
    timeout: { attemptDurationSeconds: 3_600 },
  });
}

/** An array as the original submits it. */
async function submitArray(bed: EmulatorBed, bytes: number): Promise<string> {
  for (const index of [0, 1])
    await bed.s3.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: `tasks/array/one/${index}.pkl`, Body: payloadOf(bytes) }),
    );
  return await bed.submit({
    jobName: "len-array-one",
    arrayProperties: { size: 2 },
    parameters: {
      task_id: "array",
      payload: "none",
      compressed: "0",
      s3_bucket: BUCKET,
      s3_prefix: "tasks",
      s3_key: "tasks/array/one/ARRAY_INDEX.pkl",
    },
    timeout: { attemptDurationSeconds: 3_600 },
  });
}

it("runs the original's small tasks: single and array", async () => {
  await using bed = await open();
  const [single, array] = [await submitSingle(bed, 100), await submitArray(bed, 100)];
  expect(await bed.over(single, 60_000)).toMatchObject({ status: "SUCCEEDED" });
  expect(await bed.over(array, 60_000)).toMatchObject({ status: "SUCCEEDED" });
  const results = [`${single}.pkl`, `${array}:0.pkl`, `${array}:1.pkl`].map((name) => `tasks/results/${name}`);
  expect(bed.aws.s3?.keys()).toEqual(results.toSorted());
});

it("shows that the original's arrays cannot read payloads of more than 4 KB, and have then lost them", async () => {
  await using bed = await open();
  const id = await submitArray(bed, 5_000);
  expect(await bed.over(id, 60_000)).toMatchObject({
    status: "FAILED",
    arrayProperties: { statusSummary: { FAILED: 2, SUCCEEDED: 0 } },
  });
  expect(bed.aws.logOf(`${id}:0`)).toContain("invalid load key, '\\x1f'");
  expect(bed.aws.s3?.keys("tasks/array/")).toEqual([]);
});

it.each([22.6, 28].map((kib) => Math.floor(kib * 1024) - 200))(
  "shows that the original's inline payload of %i bytes is no request that Batch takes",
  async (bytes) => {
    await using bed = await open();
    await expect(submitSingle(bed, bytes)).rejects.toThrow(/^Job size must be less than 30 KiB, got 3\d KiB$/);
    expect(bed.aws.jobs()).toEqual([]);
  },
);

it("shows that smaller ones of the original fail later, at the wall of 8,192 characters", async () => {
  await using bed = await open();
  for (const bytes of [6_500, 20_000])
    expect(await bed.over(await submitSingle(bed, bytes))).toMatchObject({
      status: "FAILED",
      statusReason: "Container Overrides length must be at most 8192",
    });
});

it("shows that the original's larger single tasks have an empty parameter, which Batch refuses", async () => {
  await using bed = await open();
  await expect(submitSingle(bed, 40_000)).rejects.toThrow("Command field cannot have empty strings");
});
