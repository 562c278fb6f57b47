import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { ECRClient, PutImageCommand } from "@aws-sdk/client-ecr";
import { CreateServiceLinkedRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { FakeImages } from "../../test-support/fake-account.ts";
import { type MotoServer, startMotoServer } from "../../test-support/moto-server.ts";
import { serviceProgram } from "../../test-support/service-program.ts";
import { type Account, openAccount } from "../account/account.ts";
import { pause } from "../stacks/waiting.ts";
import { type Applied, applyDeployment } from "./apply-deployment.ts";
import type { Choices } from "./choices.ts";
import { findDeployment } from "./deployment.ts";
import { destroyDeployment, findDoomed } from "./destroy-deployment.ts";
import { contentTag, engineImageStep } from "./engine-image-step.ts";
import { makePlan, type Plan } from "./make-plan.ts";
import type { ImageChoice } from "./planned-image.ts";

const REGION = "eu-west-1";
const program = serviceProgram("moto", "moto_server");
const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
const NO_IMAGE: ImageChoice = {
  ...{ build: false, python: undefined, requirements: undefined, base: undefined },
  node: { build: false, program: process.execPath, packageFile: undefined },
};
const before = { ...process.env };
let moto: MotoServer;
let config: { readonly endpoint: string; readonly region: string; readonly credentials: typeof credentials };
let account: Account & Disposable;
let images: FakeImages;
let serviceRoleArn: string | undefined;

beforeAll(async () => {
  if ("reason" in program) return;
  moto = await startMotoServer(program.file);
  config = { endpoint: moto.endpoint, region: REGION, credentials };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
    AWS_EC2_METADATA_DISABLED: "true",
  });
});
afterAll(async () => {
  process.env = before;
  account?.[Symbol.dispose]();
  await moto?.[Symbol.asyncDispose]();
});
beforeEach(async ({ skip }) => {
  if ("reason" in program) skip(program.reason);
  await moto.reset();
  account?.[Symbol.dispose]();
  account = await openAccount(REGION);
  images = new FakeImages();
  // moto does not make it by itself.
  const slr = new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" });
  serviceRoleArn = (await new IAMClient(config).send(slr)).Role?.Arn;
});

async function plan(choices: Choices = {}, image: Partial<ImageChoice> = {}): Promise<Plan> {
  return await makePlan(
    await findDeployment(account, "d1"),
    { serviceRoleArn, ...choices },
    { ...NO_IMAGE, ...image },
    images,
  );
}

async function apply(choices: Choices = {}): Promise<Applied> {
  const tools = { pause, say: () => undefined, pollMs: 200, imageStep: images, wait: false };
  return await applyDeployment(await findDeployment(account, "d1"), await plan(choices), tools);
}

describe("a deployment on moto", () => {
  it("is made in the default network, with the image between its stacks, and destroyed", async () => {
    expect((await plan()).wanted.settings).toMatchObject({ accountId: "123456789012", region: REGION });
    const { base, compute, image } = await apply();
    expect([base.action, compute.action]).toEqual(["created", "created"]);
    expect(images.made).toBe(1);
    expect((await plan()).image).toMatchObject({ action: "use", uri: image });
    expect(await apply()).toMatchObject({ base: { action: "unchanged" }, compute: { action: "unchanged" } });
    const changed = await apply({ maxVcpus: 9, node: {} });
    expect(changed).toMatchObject({ base: { action: "updated" }, compute: { action: "updated" } });
    expect(await account.batch.activeDefinitions("d1_node")).toHaveLength(1);
    const deployment = await findDeployment(account, "d1");
    const { nodeImage } = changed;
    expect(deployment.remembered).toMatchObject({ maxVcpus: 9, image, node: { image: nodeImage } });
    const tools = { pause, say: () => undefined, pollMs: 200, terminateJobs: false, wait: false };
    const { leftovers } = await destroyDeployment(deployment, await findDoomed(deployment), tools);
    expect(await account.batch.activeDefinitions("d1_node")).toEqual([]);
    // Known of moto: a queue outlives its stack.
    expect(leftovers.map(({ name }) => name)).toEqual([expect.stringMatching(/:job-queue\/d1$/)]);
    expect((await findDeployment(account, "d1")).base).toBeUndefined();
  });

  it("is not begun when its bucket's name is taken", async () => {
    const s3 = new S3Client({ ...config, forcePathStyle: true });
    const where = { CreateBucketConfiguration: { LocationConstraint: REGION } } as const;
    await s3.send(new CreateBucketCommand({ Bucket: "d1-123456789012-eu-west-1", ...where }));
    await expect(apply()).rejects.toThrow(/^\[conflict\] bucket d1-123456789012-eu-west-1 is there already/);
    expect((await findDeployment(account, "d1")).base).toBeUndefined();
  });

  it("finds an image that is in the repository by what it is made of", async () => {
    await apply();
    const { order } = (await plan({}, { python: "3.11" })).image;
    expect(await engineImageStep.find(order)).toBeUndefined();
    const ecr = new ECRClient(config);
    const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
    const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, config: { digest: "sha256:1" }, layers: [] });
    const tag = await contentTag(order);
    await ecr.send(new PutImageCommand({ repositoryName: "d1", imageManifest, imageTag: tag }));
    expect(await engineImageStep.find(order)).toMatch(/\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/d1@sha256:[0-9a-f]{64}$/);
    expect(await contentTag({ ...order, python: "3.12" })).not.toBe(tag);
    expect(await account.repositories.empty("d1")).toBe(1);
  });

  it("knows an image for JavaScript tasks by its runner, its packages and their lock file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scaler-aws-hpc-node-image-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = (name: string): string => join(folder, name);
    await writeFile(file("runner.cjs"), "1");
    const { order } = (await plan({ node: {} })).nodeImage ?? {};
    if (order === undefined) throw new Error("no image is planned");
    const mine = { ...order, program: file("runner.cjs") };
    const tags = [await contentTag(mine), await contentTag({ ...mine, architecture: "arm64" })];
    await writeFile(file("package.json"), "{}");
    tags.push(await contentTag({ ...mine, packageFile: file("package.json") }));
    await writeFile(file("package-lock.json"), "{}");
    tags.push(await contentTag({ ...mine, packageFile: file("package.json") }));
    await writeFile(file("runner.cjs"), "2");
    tags.push(await contentTag(mine));
    for (const tag of tags) expect(tag).toMatch(/^node-[0-9a-f]{16}$/);
    expect(new Set(tags).size).toBe(5);
    await expect(contentTag({ ...order, program: "/no/such/runner" })).rejects.toThrow(
      /^\[config\] .*\/no\/such\/runner is not there; /,
    );
  });
});

describe("the network", () => {
  it("is that of named subnets, or of a named VPC", async () => {
    const { vpcId, subnets } = await account.findNetwork({});
    expect(subnets.length).toBeGreaterThan(1);
    expect(await account.findNetwork({ subnets: subnets.slice(0, 1) })).toEqual({
      vpcId,
      subnets: subnets.slice(0, 1),
    });
    expect(await account.findNetwork({ vpcId })).toEqual({ vpcId, subnets });
    expect(await account.findNetwork({ vpcId, subnets })).toEqual({ vpcId, subnets });
    await expect(account.findNetwork({ vpcId: "vpc-0123456789abcdef0", subnets })).rejects.toThrow(
      /^\[config\] --vpc: expected that of the subnets, vpc-[0-9a-f]+, got vpc-0123456789abcdef0/,
    );
    const unknown = account.findNetwork({ subnets: ["subnet-00000000000000000"] });
    await expect(unknown).rejects.toThrow(/^\[config\] --subnets, --vpc: expected what exists in eu-west-1, got: /);
    await expect(account.findNetwork({ vpcId: "vpc-00000000000000000" })).rejects.toThrow(
      /^\[config\] expected subnets/,
    );
  });

  it("is asked for where there is no default one", async () => {
    const ec2 = new EC2Client(config);
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    for (const { SubnetId } of Subnets) await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
    for (const { VpcId } of Vpcs) await ec2.send(new DeleteVpcCommand({ VpcId }));
    await expect(plan()).rejects.toThrow(
      /^\[config\] expected a default VPC in eu-west-1, got none; name subnets with/,
    );
  });
});
