import {
  BatchClient,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
} from "@aws-sdk/client-batch";
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  ListStackResourcesCommand,
  waitUntilChangeSetCreateComplete,
  waitUntilStackCreateComplete,
  waitUntilStackUpdateComplete,
} from "@aws-sdk/client-cloudformation";
import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeRepositoriesCommand, ECRClient } from "@aws-sdk/client-ecr";
import {
  CreateServiceLinkedRoleCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { GetBucketEncryptionCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type MotoServer, startMotoServer } from "../../test-support/moto-server.ts";
import { serviceProgram } from "../../test-support/service-program.ts";
import { COMMON, VARIANTS } from "../../test-support/variants.ts";
import { type ProvisionChoices, type ProvisionSettings, provisionSettings } from "../settings/index.ts";
import { deploymentArns } from "./arns.ts";
import { baseTemplate } from "./base-template.ts";
import { computeTemplate } from "./compute-template.ts";
import { managerPolicy } from "./policies/manager-policy.ts";
import { taskTrust } from "./policies/trust-policies.ts";
import { resourceNames } from "./resource-names.ts";
import { type Template, templateText } from "./template.ts";

const program = serviceProgram("moto", "moto_server");
const REGION = "eu-west-1";
let moto: MotoServer;
let config: {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
};

beforeAll(async () => {
  if ("reason" in program) return;
  moto = await startMotoServer(program.file);
  config = { endpoint: moto.endpoint, region: REGION, credentials: { accessKeyId: "x", secretAccessKey: "x" } };
});

afterAll(async () => moto?.[Symbol.asyncDispose]());

beforeEach(async ({ skip }) => {
  if ("reason" in program) skip(program.reason);
  await moto.reset();
});

/** Settings for moto's account: its default VPC, and the role of Batch, which moto does not make by itself. */
async function motoSettings(choices: Partial<ProvisionChoices>): Promise<ProvisionSettings> {
  const ec2 = new EC2Client(config);
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { Role } = await new IAMClient(config).send(
    new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }),
  );
  return provisionSettings({
    ...COMMON,
    ...choices,
    vpcId: Vpcs[0]?.VpcId,
    subnets: Subnets.flatMap(({ SubnetId }) => SubnetId ?? []),
    serviceRoleArn: Role?.Arn,
  });
}

/** Makes or changes a stack by a change set, as provisioning does. @returns its resources by logical id */
async function make(
  name: string,
  template: Template,
  kind: "CREATE" | "UPDATE" = "CREATE",
): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient(config);
  const set = { StackName: name, ChangeSetName: `${kind.toLowerCase()}-1` };
  await client.send(
    new CreateChangeSetCommand({
      ...set,
      ChangeSetType: kind,
      TemplateBody: templateText(template),
      Capabilities: ["CAPABILITY_NAMED_IAM"],
    }),
  );
  await waitUntilChangeSetCreateComplete({ client, maxWaitTime: 30, minDelay: 1 }, set);
  await client.send(new ExecuteChangeSetCommand(set));
  const wait = kind === "CREATE" ? waitUntilStackCreateComplete : waitUntilStackUpdateComplete;
  await wait({ client, maxWaitTime: 30, minDelay: 1 }, { StackName: name });
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
  expect(Stacks[0]?.StackStatus).toBe(`${kind}_COMPLETE`);
  const { StackResourceSummaries = [] } = await client.send(new ListStackResourcesCommand({ StackName: name }));
  return new Map(
    StackResourceSummaries.map(({ LogicalResourceId = "", PhysicalResourceId = "" }) => [
      LogicalResourceId,
      PhysicalResourceId,
    ]),
  );
}

/** Makes both stacks, and sees that every resource came to be. */
async function makeBoth(settings: ProvisionSettings): Promise<void> {
  const names = resourceNames(settings);
  for (const [name, template] of [
    [names.baseStack, baseTemplate(settings)],
    [names.computeStack, computeTemplate(settings)],
  ] as const) {
    const made = await make(name, template);
    // moto lists a bucket's policy without a name.
    const listed = Object.keys(template.Resources).map((id) => (id === "BucketPolicy" ? "" : id));
    expect([...made.keys()].toSorted()).toEqual(listed.toSorted());
  }
}

describe("both stacks on moto", () => {
  // moto knows types of machines, and no groups of them but `optimal`.
  const arm64 = { architecture: "arm64", instanceTypes: ["m6g"] } as const;
  const variants: readonly (readonly [string, Partial<ProvisionChoices>])[] = [
    ["spot first", {}],
    ["on-demand", { purchase: "on-demand", tags: { team: "a" } }],
    ["fargate", { compute: "fargate" }],
    ["arm64", arm64],
    ["gpu and node", { gpu: { instanceTypes: ["g4dn"] }, node: VARIANTS.get("node")?.node }],
    ["kms", { kmsKeyArn: VARIANTS.get("kms")?.kmsKeyArn }],
  ];
  for (const [name, choices] of variants) {
    it(`are made: ${name}`, async () => makeBoth(await motoSettings(choices)));
  }

  it("make what they say", async () => {
    const settings = await motoSettings({});
    const names = resourceNames(settings);
    await makeBoth(settings);

    // moto's CloudFormation gives a bucket its encryption and its tags only: the rest is checked by the linter and by reviewed files.
    const s3 = new S3Client({ ...config, forcePathStyle: true });
    const { ServerSideEncryptionConfiguration } = await s3.send(
      new GetBucketEncryptionCommand({ Bucket: settings.bucket }),
    );
    expect(ServerSideEncryptionConfiguration?.Rules).toMatchObject([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } },
    ]);
    const { repositories } = await new ECRClient(config).send(new DescribeRepositoriesCommand({}));
    expect(repositories).toMatchObject([
      {
        repositoryName: settings.repository,
        imageTagMutability: "IMMUTABLE",
      },
    ]);
    // Nor is a role's own policy what it was: moto keeps it as Python prints it.
    const iam = new IAMClient(config);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: names.jobRole }));
    expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ""))).toEqual(taskTrust(settings));
    const { PolicyVersion } = await iam.send(
      new GetPolicyVersionCommand({ PolicyArn: deploymentArns(settings).managerPolicy, VersionId: "v1" }),
    );
    expect(JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? ""))).toEqual(managerPolicy(settings));

    const batch = new BatchClient(config);
    const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: [names.queue] }));
    expect(jobQueues).toMatchObject([{ jobQueueName: names.queue, state: "ENABLED", priority: 1 }]);
    expect(jobQueues[0]?.computeEnvironmentOrder?.map(({ order }) => order)).toEqual([1, 2]);
    const { jobDefinitions = [] } = await batch.send(
      new DescribeJobDefinitionsCommand({ jobDefinitionName: names.definition, status: "ACTIVE" }),
    );
    expect(jobDefinitions).toMatchObject([
      {
        revision: 1,
        parameters: { task_id: "none", compressed: "0" },
        containerProperties: { image: settings.image, user: "10001:10001", readonlyRootFilesystem: true },
      },
    ]);
  });

  it("take a change of image, logs and sizes", async () => {
    const settings = await motoSettings({});
    const names = resourceNames(settings);
    await makeBoth(settings);
    const changed = {
      ...settings,
      image: "docker.io/library/other:2",
      logRetentionDays: 7,
      maxVcpus: 8,
    };
    await make(names.baseStack, baseTemplate(changed), "UPDATE");
    await make(names.computeStack, computeTemplate(changed), "UPDATE");
    // moto changes no definition: that the old revision stays is AWS's own promise, see ResourceRetentionPolicy.
    const { computeEnvironments } = await new BatchClient(config).send(new DescribeComputeEnvironmentsCommand({}));
    expect(computeEnvironments).toHaveLength(2);
  });
});
