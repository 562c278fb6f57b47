import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeFrame, type Frame, frameBlob, outPrefix } from "@scaler-aws-hpc/adapter-core";
import type { WorkloadCall } from "@scaler-aws-hpc/adapter-core/conformance";
import { decodeFailure, decodeValue, encodeFunction } from "@scaler-aws-hpc/client/format";
import { buildImage } from "@scaler-aws-hpc/provision";
import { RUNNER_FILE } from "@scaler-aws-hpc/runner-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ContainerEnd, HARDENED, runContainer, sizeOf } from "../../test-support/containers/run-container.ts";
import { MANAGER, type SmallJob, smallJob } from "../../test-support/containers/small-job.ts";
import { temporaryFolder } from "../../test-support/containers/temporary-folder.ts";
import { containerBed } from "../../test-support/containers/with-bed.ts";
import { nodeWorkload } from "../../test-support/runner-node/node-workload.ts";
import { FakeS3 } from "../fake-s3/index.ts";

const bed = containerBed();
const image = bed?.images.nodeRunner ?? "";
const BUCKET = "emulator-bucket";
const REGION = "us-east-1";
/** Without a place to write, not even at /tmp; podman gives a read-only container more of them by itself. */
const NOWHERE = [...HARDENED, "--tmpfs=/tmp:ro", ...(bed?.engine === "podman" ? ["--read-only-tmpfs=false"] : [])];
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

const jobOf = (calls: readonly WorkloadCall[]): Promise<SmallJob> => smallJob(calls, BUCKET, REGION, nodeWorkload);

/** Runs a container that reaches the network of this machine. */
async function timed(args: readonly string[]): Promise<ContainerEnd & { readonly seconds: string }> {
  const begun = performance.now();
  const end = await runContainer(bed, ["--network=host", ...args]);
  return { ...end, seconds: ((performance.now() - begun) / 1_000).toFixed(2) };
}

/** A task that has no arguments, of the source of a whole module. */
const moduleOf = (source: string): WorkloadCall => ({
  fn: encodeFunction({ name: "run", exportName: "run", node: process.versions.node, module: Buffer.from(source) }),
  args: [],
});

/** The only frame of a job. */
async function frameOf({ name, secret }: SmallJob): Promise<Frame> {
  const keys = s3.keys(outPrefix(MANAGER, name), BUCKET);
  expect(keys).toHaveLength(1);
  const key = keys[0] ?? "";
  return await decodeFrame(key, s3.get(BUCKET, key) ?? Buffer.of(), secret);
}

/** What it says of each task: its value, or its error. */
async function answers(job: SmallJob): Promise<readonly unknown[]> {
  const frame = await frameOf(job);
  const found: unknown[] = [];
  for (const result of frame.results) {
    if (result.status === "died") found.push(result.cause);
    else {
      const blob = await frameBlob(frame, result);
      found.push(result.status === "ok" ? decodeValue(blob) : decodeFailure(blob));
    }
  }
  return found;
}

describe("the Node runner's image", () => {
  it("runs a task from a bundle: read-only, without capabilities, not as root, without a place to write", async () => {
    const status = `import { readFileSync, writeFileSync } from "node:fs";
      const lines = Object.fromEntries(readFileSync("/proc/self/status", "utf8").split("\\n").map((line) => line.split(":\\t")));
      const writes = (file) => { try { writeFileSync(file, ""); return true; } catch { return false; } };
      export const run = () => ({ uid: process.getuid(), capabilities: lines.CapBnd, effective: lines.CapEff, noNewPrivileges: lines.NoNewPrivs,
        writable: ["/tmp/x", "/x", "/opt/scaler/x", "/home/x"].filter(writes) });`;
    const job = await jobOf([nodeWorkload.echo("from a container"), nodeWorkload.raise("no number"), moduleOf(status)]);
    const { code, output, seconds: first } = await timed([...NOWHERE, ...environment(), image, ...job.command]);
    expect(output, output).toMatch(/ends with code 0: 3 answered/);
    expect(code).toBe(0);
    expect(output).not.toContain(job.secret);
    const none = "0".repeat(16);
    expect(await answers(job)).toEqual([
      "from a container",
      { by: "task", reason: new RangeError("no number") },
      { uid: 10_001, capabilities: none, effective: none, noNewPrivileges: "1", writable: [] },
    ]);
    // Of a first container an engine unpacks what it runs.
    const { command } = await jobOf([nodeWorkload.echo("again")]);
    const again = await timed([...NOWHERE, ...environment(), image, ...command]);
    const size = await sizeOf(bed, image);
    const seen = `container to result in ${again.seconds} s, the first in ${first} s; ${startUp(again.output)}`;
    console.log(`node runner image: ${size} MB; ${seen}`);
  });

  it("has neither npm nor a compiler, and its user can write nothing", async () => {
    const script =
      "command -v npm npx gcc make; find / -xdev -writable -type f -not -path '/proc/*' 2>/dev/null | head -5; id -u";
    const writable = HARDENED.filter((option) => option !== "--read-only");
    const { output } = await runContainer(bed, [...writable, "--entrypoint=/bin/sh", image, "-c", script]);
    expect(output).toBe("10001\n");
  });

  it("refuses to run outside of Batch with 78, and a job that is none, or is Python's, with 64", async () => {
    const job = await jobOf([nodeWorkload.echo("x")]);
    const { code, output } = await runContainer(bed, [...HARDENED, image, ...job.command]);
    expect(output).toContain("AWS_BATCH_JOB_ID is not set");
    expect(code).toBe(78);
    expect((await runContainer(bed, [...HARDENED, ...environment(), image, "--task_id", "x"])).code).toBe(64);
    const python = job.command.map((word) => word.replace(":node:", ":python:"));
    const refused = await runContainer(bed, [...HARDENED, ...environment(), image, ...python]);
    expect(refused.output).toContain("for the runner python");
    expect(refused.code).toBe(64);
  });

  it("hears SIGTERM as process 1, and hands back what it had not begun", async () => {
    const job = await jobOf([nodeWorkload.sleep(60_000), nodeWorkload.echo("never")]);
    const words = [...HARDENED, "--network=host", ...environment(), image, ...job.command];
    const { output } = await runContainer(bed, words, ["run", "--detach"]);
    const id = output.trim();
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    try {
      await expect
        .poll(() => runContainer(bed, ["logs", id], []), { timeout: 20_000 })
        .toMatchObject({ output: expect.stringContaining("batch job 6f1c") });
      await runContainer(bed, ["stop", "--time=20", id], []);
      const ended = await runContainer(bed, ["inspect", "--format={{.State.ExitCode}}", id], []);
      expect(Number(ended.output)).toBe(143);
      expect(await frameOf(job)).toMatchObject({ last: true, notStarted: [1] });
    } finally {
      await runContainer(bed, ["rm", "--force", id], []);
    }
  });
});

describe("an image with packages that tasks do not bundle", () => {
  it("has what its package.json names, and tasks find it", async () => {
    await using folder = await temporaryFolder();
    const packageFile = join(folder.path, "package.json");
    await writeFile(packageFile, '{"type":"module","dependencies":{"picocolors":"1.1.1"}}');
    const tag = "localhost/scaler-aws-hpc-test/own-node:1";
    const how = { ...(bed && { engine: bed.engine, ...bed.images.nodeBases }), network: "host" };
    await buildImage({ kind: "runner-node", tag, runner: RUNNER_FILE, packageFile, ...how });
    const job = await jobOf([
      moduleOf('import colors from "picocolors"; export const run = () => colors.createColors(true).red("x");'),
    ]);
    const words = [...HARDENED, "--network=host", ...environment(), tag, ...job.command];
    const { code, output } = await runContainer(bed, words);
    expect(code, output).toBe(0);
    expect(await answers(job)).toEqual(["\u001b[31mx\u001b[39m"]);
  });
});

/** What the runner's last line says of its own times. */
function startUp(output: string): string {
  return /ends with code 0: .*$/m.exec(output)?.[0] ?? "";
}
