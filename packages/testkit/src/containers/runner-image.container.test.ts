import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeFrame, frameBlob, outPrefix } from "@scaler-aws-hpc/adapter-core";
import { pythonWorkload } from "@scaler-aws-hpc/adapter-core/conformance";
import { buildImage } from "@scaler-aws-hpc/provision";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HARDENED, runContainer, sizeOf } from "../../test-support/containers/run-container.ts";
import { MANAGER, smallJob } from "../../test-support/containers/small-job.ts";
import { temporaryFolder } from "../../test-support/containers/temporary-folder.ts";
import { containerBed } from "../../test-support/containers/with-bed.ts";
import { FakeS3 } from "../fake-s3/index.ts";

const bed = containerBed();
const image = bed?.images.runner ?? "";
const BUCKET = "emulator-bucket";
const REGION = "us-east-1";
let s3: FakeS3;

beforeAll(async () => {
  s3 = await FakeS3.start();
});
afterAll(() => s3?.[Symbol.asyncDispose]());

/** What Batch and a job role put into a container's environment. */
const environment = (): readonly string[] =>
  Object.entries({
    AWS_BATCH_JOB_ID: "6f1c",
    AWS_BATCH_JOB_ATTEMPT: "1",
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
  }).map(([name, value]) => `--env=${name}=${value}`);

describe("the Python runner's image", () => {
  it("runs a task from a bundle: read-only, without capabilities, not as root, without a place to write", async () => {
    const calls = [pythonWorkload.echo("from a container"), pythonWorkload.raise("no number")];
    const job = await smallJob(calls, BUCKET, REGION);
    const args = [...HARDENED, "--read-only-tmpfs=false", "--network=host", ...environment(), image, ...job.command];
    const begun = performance.now();
    const { code, output } = await runContainer(
      bed,
      bed?.engine === "podman" ? args : args.toSpliced(HARDENED.length, 1),
    );
    const seconds = ((performance.now() - begun) / 1_000).toFixed(2);
    expect(output, output).toMatch(/ends with code 0: 2 answered/);
    expect(code).toBe(0);
    expect(output).not.toContain(job.secret);
    const keys = s3.keys(outPrefix(MANAGER, job.name), BUCKET);
    expect(keys).toHaveLength(1);
    const key = keys[0] ?? "";
    const frame = await decodeFrame(key, s3.get(BUCKET, key) ?? Buffer.of(), job.secret);
    expect(frame.results.map(({ status }) => status)).toEqual(["ok", "error"]);
    const blobs: string[] = [];
    for (const result of frame.results) {
      if (result.status !== "died") blobs.push(Buffer.from(await frameBlob(frame, result)).toString("latin1"));
    }
    expect(blobs).toEqual([expect.stringContaining("from a container"), expect.stringContaining("no number")]);
    const size = await sizeOf(bed, image);
    console.log(`runner image: ${size} MB; container to result in ${seconds} s; ${startUp(output)}`);
  });

  it("has no pip, and its user can write nothing", async () => {
    const script =
      "python -c 'import pip' 2>&1 | tail -1; command -v gcc make; find / -xdev -writable -type f -not -path '/proc/*' 2>/dev/null | head -5; id -u";
    const writable = [
      ...HARDENED.filter((option) => option !== "--read-only"),
      "--entrypoint=/bin/sh",
      image,
      "-c",
      script,
    ];
    const { output } = await runContainer(bed, writable);
    expect(output).toBe("ModuleNotFoundError: No module named 'pip'\n10001\n");
  });

  it("refuses to run outside of Batch with 78, and a job that is none with 64", async () => {
    expect((await runContainer(bed, [...HARDENED, image])).code).not.toBe(0);
    const job = await smallJob([pythonWorkload.echo("x")], BUCKET, REGION);
    const { code, output } = await runContainer(bed, [...HARDENED, image, ...job.command]);
    expect(output).toContain("AWS_BATCH_JOB_ID is not set");
    expect(code).toBe(78);
    expect((await runContainer(bed, [...HARDENED, ...environment(), image, "--task_id", "x"])).code).toBe(64);
  });
});

describe("an image with packages of one's own", () => {
  const common = { ...(bed !== undefined && { engine: bed.engine, base: bed.images.base }), network: "host" };

  it("has what the requirements name, which go before what the image would bring", async () => {
    await using folder = await temporaryFolder();
    const requirements = join(folder.path, "requirements.txt");
    await writeFile(requirements, "cloudpickle==3.0.0\nsix==1.17.0\n");
    const tag = "localhost/scaler-aws-hpc-test/own:1";
    const built = await buildImage({ ...common, tag, requirements, python: bed?.python ?? "" });
    expect(built).toEqual({ image: tag, id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), engine: bed?.engine });
    const script = "import cloudpickle, six, tblib, scaler_runner; print(cloudpickle.__version__, six.__version__)";
    const { output } = await runContainer(bed, [...HARDENED, "--entrypoint=python", tag, "-c", script]);
    expect(output).toBe("3.0.0 1.17.0\n");
  });

  it("is not built on a base with another Python, with the versions in the error", async () => {
    const wrong = buildImage({
      tag: "localhost/wrong:1",
      base: bed?.images.base ?? "",
      network: "host",
      python: "3.99",
    });
    await expect(wrong).rejects.toThrow(`the base has Python ${bed?.python}, not 3.99`);
  });

  it("is not half built when stopped: the build ends, and nothing of it goes on running", async () => {
    const stop = new AbortController();
    const building = buildImage(
      { ...common, tag: "localhost/stopped:1", onOutput: onceItRuns(stop) },
      { signal: stop.signal },
    );
    await expect(building).rejects.toThrow("stopped by the test");
    const { output } = await runContainer(bed, ["--all", "--format", "{{.Image}} {{.Command}}"], ["ps"]);
    expect(output).not.toMatch(/pip|venv/);
    const images = await runContainer(bed, ["--format", "{{.Repository}}"], ["images"]);
    expect(images.output).not.toContain("localhost/stopped");
  });
});

/** Stops once a command of the build runs: the first line is told before. */
function onceItRuns(stop: AbortController): (text: string) => void {
  let seen = "";
  return (text) => {
    seen += text;
    if (/requirement|RUN/.test(seen)) setTimeout(() => stop.abort(new Error("stopped by the test")), 300);
  };
}

/** What the runner's last line says of its own times. */
function startUp(output: string): string {
  return /ends with code 0: .*$/m.exec(output)?.[0] ?? "";
}
