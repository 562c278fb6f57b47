import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BatchClient, DescribeJobDefinitionsCommand, DescribeJobQueuesCommand } from "@aws-sdk/client-batch";
import { CreateServiceLinkedRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AwsProxy } from "../../test-support/provision/aws-proxy.ts";
import { startBatchEmulator } from "../batch-emulator/index.ts";
import { type Moto, startMoto } from "../moto/index.ts";
import { releaseBin, repositoryRoot, runClientSuite, startCluster, startManager } from "../scaler/index.ts";

// The released provisioner itself, unchanged, sets an account of moto's up. What it made is then what a manager of ours works with, when only
// the image was replaced: the bucket is moto's, the queue and the definition are registered, as moto describes them, at a Batch that runs jobs.

const RELEASE = "2.9.0";
const REGION = "us-east-1";
const RUNNER = join(repositoryRoot(), "packages", "runner-python", "python", "scaler_runner.py");
const OLD_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/scaler-batch-worker:latest";
const run = promisify(execFile);

let moto: Moto;
let proxy: AwsProxy;
let folder: string;
let config: Readonly<Record<string, unknown>>;
/** Variables of the env file. */
let variables: Readonly<Record<string, string>>;

beforeAll(async () => {
  moto = await startMoto({ region: REGION, variables: { MOTO_IAM_LOAD_MANAGED_POLICIES: "true" } });
  proxy = await AwsProxy.start(moto.endpoint);
  folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-original-"));
  await provision();
  config = JSON.parse(await readFile(join(folder, "scaler.json"), "utf8"));
  const lines = (await readFile(join(folder, "scaler.env"), "utf8")).trim().split("\n");
  variables = Object.fromEntries(lines.map((line) => /^export (\w+)="(.*)"$/.exec(line)?.slice(1) ?? []));
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await moto?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

const aws = () => ({
  endpoint: moto.endpoint,
  region: REGION,
  credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
});

async function provision(): Promise<void> {
  const iam = new IAMClient(aws());
  const { Role } = await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }));
  // What AWS does by itself and moto does not: the role of Batch, and the newer names of groups of machines.
  proxy.rewrite = (call, body) => {
    if (call !== "batch:createcomputeenvironment") return body;
    const text = body.toString("utf8").replace("default_x86_64", "optimal");
    return Buffer.from(JSON.stringify({ ...JSON.parse(text), serviceRole: Role?.Arn }));
  };
  const pattern = "lib/python3*/site-packages/scaler/worker_manager/proxy/aws_batch/tools/provision_infrastructure.py";
  const release = join(releaseBin(RELEASE), "..");
  const [program = ""] = globSync(pattern, { cwd: release });
  // The AWS SDK for Python, which the release does not bring, comes with moto.
  const python = join(release, "..", "moto", "bin", "python");
  const files = ["--config", join(folder, "scaler.json"), "--env-file", join(folder, "scaler.env")];
  const env = { PATH: process.env["PATH"] ?? "", ...moto.env, AWS_ENDPOINT_URL: proxy.endpoint };
  await run(python, [join(release, program), "provision", "--image", OLD_IMAGE, ...files], { env, cwd: folder });
}

/** The definition that the provisioner registered, as moto describes it. */
async function definition() {
  const name = String(config["job_definition_name"]);
  const batch = new BatchClient(aws());
  const { jobDefinitions = [] } = await batch.send(new DescribeJobDefinitionsCommand({ jobDefinitionName: name }));
  return jobDefinitions[0];
}

describe("an account of the original's provisioner", () => {
  it("has what its files say", async () => {
    expect(variables).toEqual({
      SCALER_AWS_REGION: REGION,
      SCALER_S3_BUCKET: "scaler-batch-123456789012-us-east-1",
      SCALER_JOB_QUEUE: "scaler-batch-queue",
      SCALER_JOB_DEFINITION: "scaler-batch-job",
    });
    const batch = new BatchClient(aws());
    const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: ["scaler-batch-queue"] }));
    expect(jobQueues[0]).toMatchObject({ status: "VALID", state: "ENABLED" });
    expect((await definition())?.containerProperties?.image).toBe(OLD_IMAGE);
  });

  it("runs tasks for `start` by its variables alone, once the image is replaced", async () => {
    const { parameters, timeout, containerProperties } = (await definition()) ?? {};
    const registered = {
      type: "container",
      jobDefinitionName: variables["SCALER_JOB_DEFINITION"],
      parameters,
      timeout,
    };
    const python = join(releaseBin(RELEASE), "python");
    await using batch = await startBatchEmulator({
      // The new image's entry point.
      runner: { mode: "warm", python, script: RUNNER },
      definitions: [{ ...registered, containerProperties: { ...containerProperties, image: "replaced@sha256:0" } }],
      queues: [{ name: variables["SCALER_JOB_QUEUE"] ?? "", vcpus: 4 }],
      s3: { endpoint: moto.endpoint },
      startMs: 50,
    });
    await using cluster = await startCluster({ release: RELEASE });
    await using manager = await startManager(cluster, {
      backend: "batch",
      args: ["--max-concurrent-jobs", "4"],
      env: { ...batch.env, ...variables },
    });
    const cases = ["submit", "map", "raising"] as const;
    const results = await runClientSuite(cluster, { cases, slots: 4, tasks: 100, timeoutMs: 100_000 });
    for (const { name, ok, detail } of results) expect(ok, `${name}: ${detail}\n${manager.logs.tail()}`).toBe(true);
    expect(batch.jobs().length).toBeGreaterThan(0);
  });
});
