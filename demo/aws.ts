// AWS on this machine, for the demo: the project's emulator of Batch, moto's S3 behind it, real runners as containers.
import { join } from "node:path";
import {
  type BatchEmulator,
  nodeProgram,
  releaseBin,
  repositoryRoot,
  startBatchEmulator,
  startMoto,
} from "@scaler-aws-hpc/testkit";

const BUCKET = "demo-bucket";
const QUEUE = "demo-queue";
const DEFINITION = "emulator-job";
const SLOTS = 8;

/** An account with a queue, a job definition and a bucket. Ends everything that it started when disposed of. */
export interface DemoAws extends AsyncDisposable {
  readonly batch: BatchEmulator;
  /** What `scaler-aws-hpc start` is told. */
  readonly flags: readonly string[];
  /** Leads the AWS SDKs here. */
  readonly env: Readonly<Record<string, string>>;
  /** The process group of moto. */
  readonly group: number;
  /** Names of the objects in the bucket. */
  keys(): Promise<readonly string[]>;
}

/** Starts it. @param node whether its image has a Node runner too. @throws {HarnessError} where moto or the release is missing */
export async function startAws(node: boolean, signal: AbortSignal): Promise<DemoAws> {
  await using started = new AsyncDisposableStack();
  const moto = started.use(await startMoto({ buckets: [BUCKET], region: "us-east-1", signal }));
  const batch = started.use(
    await startBatchEmulator({
      runner: { mode: "process", argv: entryPoint(node) },
      queues: [{ name: QUEUE, vcpus: SLOTS }],
      s3: { endpoint: moto.endpoint },
    }),
  );
  const parts = started.move();
  return {
    batch,
    flags: [
      ...["-q", QUEUE, "-d", DEFINITION, "--s3-bucket", BUCKET, "-mcj", String(SLOTS)],
      // One image with both runners, so one definition does for both.
      ...(node ? ["--node-job-definition", DEFINITION] : []),
      // Here a container starts at once; on AWS that takes a while, and the default says so.
      ...["--batch-start-seconds", "1"],
    ],
    env: batch.env,
    group: moto.server.pid,
    async keys() {
      const answer = await fetch(`${moto.endpoint}/${BUCKET}?list-type=2`, { signal });
      return [...(await answer.text()).matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** What a container starts: the Python runner, or in an image with both the one that the job's description names. */
function entryPoint(node: boolean): readonly string[] {
  const packages = join(repositoryRoot(), "packages");
  const python = [join(releaseBin("2.9.0"), "python"), join(packages, "runner-python", "python", "scaler_runner.py")];
  if (!node) return python;
  const both = [...python, nodeProgram(), join(packages, "runner-node", "bundle", "scaler-runner.cjs")];
  const [pythonFile, pythonRunner, nodeFile, nodeRunner] = both.map((word) => `"${word}"`);
  const choice = `case "$*" in *" 1:"*:node:*) exec ${nodeFile} ${nodeRunner} "$@";; *) exec ${pythonFile} ${pythonRunner} "$@";; esac`;
  return ["/bin/sh", "-c", choice, "entry"];
}

/** What was used, on one line. */
export async function usedText({ batch, keys }: DemoAws): Promise<string> {
  const jobs = batch.jobs().length;
  const calls = Object.entries(batch.counts()).map(([name, count]) => `${name} ${count}`);
  const left = (await keys()).filter((key) => !key.endsWith("/lease"));
  const rest = left.length === 0 ? "nothing but the lease" : left.join(", ");
  return `AWS: ${jobs} jobs, ${batch.units().length} containers; calls: ${calls.join(", ")}; live jobs: ${batch.liveJobs().length}; left in the bucket: ${rest}`;
}
