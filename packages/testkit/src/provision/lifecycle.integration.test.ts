import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BatchClient, DescribeJobDefinitionsCommand } from "@aws-sdk/client-batch";
import { PutBucketVersioningCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProvisionBed } from "../../test-support/provision/provision-bed.ts";

const BUCKET = "scaler-aws-hpc-123456789012-eu-central-1";
/** What moto is known to leave when a stack is deleted. */
const KNOWN_LEFTOVERS = ["arn:aws:batch:eu-central-1:123456789012:job-queue/scaler-aws-hpc"];

let bed: ProvisionBed;
beforeAll(async () => {
  bed = await ProvisionBed.open();
});
afterAll(() => bed?.[Symbol.asyncDispose]());

const make = () => ["--image", bed.image, "--service-role", bed.serviceRole];

// One account, from nothing to nothing: each step needs the one before.
describe("provision on moto", () => {
  it("plans a first deployment with reads alone, and says so by its exit code", async () => {
    const { code, json } = await bed.run(["provision", "plan", "--json", "--detailed-exitcode", ...make()]);
    expect(code).toBe(3);
    expect(json).toMatchObject({ schemaVersion: 1, changes: true, account: "123456789012", region: "eu-central-1" });
    expect(json.stacks.map(({ action }: { action: string }) => action)).toEqual(["create", "create"]);
    expect(json.cost).toMatchObject({ currency: "USD", perHour: 32.26, source: { region: "us-east-1" } });
    expect(bed.proxy.calls.length).toBeGreaterThan(3);
    expect(bed.proxy.mutations).toEqual([]);
  });

  it("emits the templates", async () => {
    const { code, stdout } = await bed.run(["provision", "plan", "--emit", "templates", ...make()]);
    expect(code).toBe(0);
    expect(stdout).toContain("wrote templates/compute.json");
    const template = JSON.parse(await readFile(join(bed.folder, "templates", "base.json"), "utf8"));
    expect(template.Resources.Bucket.Properties.BucketName).toBe(BUCKET);
    expect(bed.proxy.mutations).toEqual([]);
  });

  it("never asks where nobody can answer", async () => {
    const { code, stderr } = await bed.run(["provision", "apply", ...make()]);
    expect(code).toBe(2);
    expect(stderr).toContain("[usage] Make these changes? nobody can be asked here: give --yes");
    expect(bed.proxy.mutations).toEqual([]);
  });

  it("names a permission that is missing, and what there is then", async () => {
    bed.proxy.denied.add("cloudformation:ExecuteChangeSet");
    const { code, json, stderr } = await bed.run(["provision", "apply", "--yes", "--json", ...make()]);
    bed.proxy.denied.clear();
    expect(code).toBe(77);
    expect(json.error).toMatchObject({ code: "denied", exitCode: 77 });
    expect(json.error.message).toContain("cloudformation:ExecuteChangeSet is not allowed");
    expect(stderr).toMatch(/now: stack scaler-aws-hpc-base: not there/);
  });

  it("does not begin with a bucket's name that is another account's", async () => {
    // What S3 answers then.
    bed.proxy.denied.add("s3:HEAD");
    const before = bed.proxy.mutations.length;
    const { code, json } = await bed.run(["provision", "apply", "--yes", "--json", ...make()]);
    bed.proxy.denied.clear();
    expect(code).toBe(78);
    expect(json.error.message).toMatch(/^bucket .* belongs to another account.*nothing was made; choose another/);
    expect(bed.proxy.mutations).toHaveLength(before);
  });

  it("ends cleanly at SIGTERM, says what exists, and goes on the next time", async () => {
    const signal = Promise.withResolvers<NodeJS.Signals>();
    bed.proxy.before = async (call) => {
      if (call !== "cloudformation:ExecuteChangeSet") return;
      signal.resolve("SIGTERM");
      await new Promise((resolve) => setTimeout(resolve, 500));
    };
    const { code, stderr } = await bed.run(["provision", "apply", "--yes", ...make()], signal.promise);
    bed.proxy.before = () => undefined;
    // The call went through all the same, as it may.
    await expect
      .poll(async () => (await bed.run(["provision", "show"])).stdout, { timeout: 60_000, interval: 500 })
      .toContain("base: CREATE_COMPLETE");
    const half = await bed.run(["provision", "show"]);
    expect(half).toMatchObject({ code: 1, stdout: expect.stringContaining("not finished, so `start` cannot use it") });
    expect(half.stdout).not.toContain("job_queue");
    expect(code).toBe(143);
    expect(stderr).toMatch(/\[terminated\] stopped by SIGTERM; what exists now:\nstack scaler-aws-hpc-base: /);
    expect(stderr).toMatch(
      /go on with `scaler-aws-hpc provision apply --prefix scaler-aws-hpc --region eu-central-1 --yes --image \S+ --service-role \S+ --wait`/,
    );
  });

  it("makes it, and writes the files of a manager and of the Python provisioner", async () => {
    const files = ["--config", "scaler.json", "--env-file", "scaler.env"];
    const { code, json, stderr } = await bed.run(["provision", "apply", "--yes", "--json", ...files, ...make()]);
    expect(json.error).toBeUndefined();
    expect(stderr).toMatch(/CREATE_COMPLETE +AWS::CloudFormation::Stack scaler-aws-hpc-compute/);
    expect(code).toBe(0);
    expect(json).toMatchObject({ schemaVersion: 1, changes: true, image: bed.image });
    expect(json.files).toEqual(["scaler-aws-hpc.toml", "scaler.json", "scaler.env"]);
    for (const file of json.files) expect((await stat(join(bed.folder, file))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(bed.folder, "scaler.env"), "utf8")).toBe(`export SCALER_AWS_REGION="eu-central-1"
export SCALER_S3_BUCKET="${BUCKET}"
export SCALER_JOB_QUEUE="scaler-aws-hpc"
export SCALER_JOB_DEFINITION="scaler-aws-hpc"
`);
  });

  it("writes a file that start takes all its settings from", async () => {
    const shown = ["config", "show", "--json", "--config", "scaler-aws-hpc.toml", "tcp://127.0.0.1:8516"];
    const { code, json, stderr } = await bed.run(shown);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    for (const [name, value] of Object.entries({
      "job-queue": "scaler-aws-hpc",
      "job-definition": "scaler-aws-hpc",
      "s3-bucket": BUCKET,
      "s3-bucket-owner": "123456789012",
      "job-timeout-minutes": 60,
    }))
      expect(json.options[name]).toMatchObject({ value, origin: { kind: "file" } });
  });

  it("changes nothing the second time, not even with fewer flags", async () => {
    const before = bed.proxy.mutations.length;
    const { code, json } = await bed.run(["provision", "apply", "--json", "--config", "scaler.json"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ changes: false, image: bed.image });
    const written = JSON.parse(await readFile(join(bed.folder, "scaler.json"), "utf8"));
    expect(written.compute_environment_arn).toMatch(/^arn:aws:batch:.*:compute-environment\//);
    expect(written.job_definition_arn).toMatch(/:job-definition\/scaler-aws-hpc:\d+$/);
    const taken = await bed.run([
      "provision",
      "apply",
      "--json",
      "--config",
      "scaler-aws-hpc.toml",
      "--toml-file",
      "x.toml",
    ]);
    expect(taken).toMatchObject({ code: 78, json: { error: { code: "config" } } });
    expect((await bed.run(["provision", "plan", "--detailed-exitcode"])).code).toBe(0);
    expect(bed.proxy.mutations).toHaveLength(before);
  });

  it("changes what is said, and keeps what a user wrote into the file", async () => {
    const file = join(bed.folder, "scaler-aws-hpc.toml");
    await writeFile(file, `${await readFile(file, "utf8")}max_concurrent_jobs = 7 # mine\n`);
    const { code, json } = await bed.run(["provision", "apply", "--yes", "--json", "--max-vcpus", "64"]);
    expect(code).toBe(0);
    expect(json.stacks).toEqual([
      { name: "scaler-aws-hpc-base", action: "unchanged" },
      { name: "scaler-aws-hpc-compute", action: "updated" },
    ]);
    expect(await readFile(file, "utf8")).toContain("max_concurrent_jobs = 7 # mine");
  });

  it("adds a job definition for JavaScript tasks, which start takes from the file", async () => {
    const nodeImage = bed.image.replace("/tasks@", "/node-tasks@");
    const planned = await bed.run(["provision", "plan", "--json", "--node-image", nodeImage]);
    const [base, compute] = planned.json.stacks;
    // The right to pull an image of another repository, and to submit by the new definition.
    expect(base.changes.map(({ logicalId }: { logicalId: string }) => logicalId)).toEqual([
      "ExecutionRole",
      "ManagerPolicy",
    ]);
    expect(compute.changes).toMatchObject([{ action: "add", logicalId: "JobNodeDefinition" }]);
    const { code, json, stderr } = await bed.run(["provision", "apply", "--yes", "--json", "--node-image", nodeImage]);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ image: bed.image, nodeImage, start: { node_job_definition: "scaler-aws-hpc_node" } });
    const shown = ["config", "show", "--json", "--config", "scaler-aws-hpc.toml", "tcp://127.0.0.1:8516"];
    expect((await bed.run(shown)).json.options["node-job-definition"]).toMatchObject({
      ...{ value: "scaler-aws-hpc_node", origin: { kind: "file" } },
    });
    expect((await bed.run(["provision", "apply", "--json", "--node"])).json).toMatchObject({
      changes: false,
      nodeImage,
    });
    expect(await nodeDefinitions()).toEqual([nodeImage]);
  });

  it("shows what there is", async () => {
    const { code, json } = await bed.run(["provision", "show", "--json"]);
    expect(code).toBe(0);
    expect(json.choices).toMatchObject({
      maxVcpus: 64,
      image: bed.image,
      node: { image: expect.stringMatching(/node-/) },
    });
    expect(json.start).toMatchObject({ job_definition: "scaler-aws-hpc", node_job_definition: "scaler-aws-hpc_node" });
    const types = json.stacks.flatMap(({ resources }: { resources: { type: string }[] }) =>
      resources.map(({ type }) => type),
    );
    expect(types).toEqual(
      expect.arrayContaining(["AWS::S3::Bucket", "AWS::Batch::JobQueue", "AWS::Batch::JobDefinition"]),
    );
    expect((await bed.run(["provision", "show", "--prefix", "other"])).code).toBe(1);
  });

  it("destroys it with all objects in all versions, a thousand a request, and names what moto leaves", async () => {
    await fill(1_005);
    const before = bed.proxy.calls.length;
    const { code, json } = await bed.run(["provision", "destroy", "--yes", "--json"]);
    expect(json.deleted).toMatchObject({ objects: 1_006, jobs: 0 });
    expect(bed.proxy.calls.slice(before).filter((call) => call === "s3:DeleteObjects")).toHaveLength(2);
    expect(json.leftovers.map(({ name }: { name: string }) => name)).toEqual(KNOWN_LEFTOVERS);
    expect(code).toBe(1);
    expect(await nodeDefinitions()).toEqual([]);
  });

  it("has nothing to destroy the second time", async () => {
    const { code, json } = await bed.run(["provision", "destroy", "--yes", "--json"]);
    expect(json.leftovers.map(({ name }: { name: string }) => name)).toEqual(["scaler-aws-hpc"]);
    expect(code).toBe(1);
    expect(await bed.run(["provision", "destroy", "--prefix", "never-made", "--yes"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no deployment never-made in eu-central-1 of account 123456789012"),
    });
  });
});

/** Images of the definitions for JavaScript tasks. */
async function nodeDefinitions(): Promise<readonly (string | undefined)[]> {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  const batch = new BatchClient({ endpoint: bed.moto.endpoint, region: "eu-central-1", credentials });
  const command = new DescribeJobDefinitionsCommand({ jobDefinitionName: "scaler-aws-hpc_node", status: "ACTIVE" });
  const { jobDefinitions = [] } = await batch.send(command).finally(() => batch.destroy());
  return jobDefinitions.map(({ containerProperties }) => containerProperties?.image);
}

/** Objects in the bucket, one of them in two versions. */
async function fill(count: number): Promise<void> {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  const options = { endpoint: bed.moto.endpoint, region: "eu-central-1", credentials, forcePathStyle: true };
  const s3 = new S3Client(options);
  const versioning = { Status: "Enabled" as const };
  await s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: versioning }));
  const keys = Array.from({ length: count }, (_, index) => `scaler-tasks/v1/in/${index}`);
  const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: "x" }));
  for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map(put));
  await put("scaler-tasks/v1/in/0");
  s3.destroy();
}
