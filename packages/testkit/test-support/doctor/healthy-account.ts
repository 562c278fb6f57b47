import { createHash } from "node:crypto";
import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  RegisterJobDefinitionCommand,
} from "@aws-sdk/client-batch";
import { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from "@aws-sdk/client-ecr";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import {
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";

/** Names in the account. */
export const NAMES = {
  account: "123456789012",
  region: "eu-central-1",
  bucket: "healthy-payloads",
  prefix: "scaler-tasks",
  queue: "healthy-queue",
  environment: "healthy-environment",
  definition: "healthy-job",
  repository: "healthy-runner",
  logGroup: "/aws/batch/healthy",
  jobRole: "healthy-job-role",
} as const;

/** The image that the definition names. */
const IMAGE = `${NAMES.account}.dkr.ecr.${NAMES.region}.amazonaws.com/${NAMES.repository}:1`;
/** Digest of the image's configuration, which the emulator does not keep. */
export const CONFIG_DIGEST = `sha256:${createHash("sha256").update("config").digest("hex")}`;
/** Parameters that jobs pass. */
export const COMMAND: readonly string[] = [
  "task_id",
  "payload",
  "compressed",
  "s3_bucket",
  "s3_prefix",
  "s3_key",
].flatMap((name) => [`--${name}`, `Ref::${name}`]);

/** Clients of the account, with its rights to everything. */
export interface AccountClients {
  readonly batch: BatchClient;
  readonly ec2: EC2Client;
  readonly ecr: ECRClient;
  readonly iam: IAMClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
}

/** What was made, where names are not chosen. */
export interface HealthyAccount {
  readonly clients: AccountClients;
  /** Has a way out. */
  readonly openSubnet: string;
  /** Has none. */
  readonly closedSubnet: string;
}

/** Clients at an emulator. */
export function accountClients(endpoint: string): AccountClients {
  const config = {
    endpoint,
    region: NAMES.region,
    credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
  };
  return {
    batch: new BatchClient(config),
    ec2: new EC2Client(config),
    ecr: new ECRClient(config),
    iam: new IAMClient(config),
    logs: new CloudWatchLogsClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
  };
}

/** Sets up everything that `start` needs, as it should be. The bucket is there, empty. */
export async function setUpAccount(clients: AccountClients): Promise<HealthyAccount> {
  await Promise.all([setUpBucket(clients), setUpImage(clients), setUpLogs(clients)]);
  await setUpRoles(clients);
  const network = await setUpNetwork(clients);
  await setUpBatch(clients, network);
  return { clients, ...network };
}

/** The rules of docs/operations.md. @param days after which inputs and results go */
export async function putLifecycle({ s3 }: Pick<AccountClients, "s3">, days = 8): Promise<void> {
  const { bucket: Bucket, prefix } = NAMES;
  const rule = (id: string) => ({
    ID: id,
    Status: "Enabled" as const,
    Filter: { Prefix: `${prefix}/v1/${id}/` },
    Expiration: { Days: days },
  });
  const parts = {
    ID: "parts",
    Status: "Enabled" as const,
    Filter: { Prefix: `${prefix}/` },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  };
  const LifecycleConfiguration = { Rules: [rule("in"), rule("out"), parts] };
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
}

/** All four ways of Block Public Access. */
export async function blockPublicAccess({ s3 }: Pick<AccountClients, "s3">, restrict = true): Promise<void> {
  const on = {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: restrict,
  };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket: NAMES.bucket, PublicAccessBlockConfiguration: on }));
}

async function setUpBucket(clients: AccountClients): Promise<void> {
  const { bucket: Bucket } = NAMES;
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: "AES256" as const };
  const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault }] };
  await clients.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  await blockPublicAccess(clients);
  await putLifecycle(clients);
}

async function setUpLogs({ logs }: AccountClients): Promise<void> {
  const { logGroup: logGroupName } = NAMES;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  // moto says of a stream that is not there that its group is not.
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "scaler-aws-hpc/doctor/none" }));
}

async function setUpImage({ ecr }: AccountClients): Promise<void> {
  const { repository: repositoryName } = NAMES;
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", size: 100, digest: CONFIG_DIGEST };
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
  await ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: "1" }));
}

async function setUpRoles({ iam }: AccountClients): Promise<void> {
  const trust = (Service: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
    });
  const make = async (RoleName: string, service: string): Promise<void> => {
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust(service) }));
  };
  await make(NAMES.jobRole, "ecs-tasks.amazonaws.com");
  await make("healthy-service-role", "batch.amazonaws.com");
  await make("healthy-instance-role", "ec2.amazonaws.com");
  await make("strangers-role", "lambda.amazonaws.com");
  const InstanceProfileName = "healthy-instance-profile";
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: "healthy-instance-role" }));
}

/** Gives the default VPC the way out that AWS gives it, and makes a subnet without one. */
export async function setUpNetwork({
  ec2,
}: Pick<AccountClients, "ec2">): Promise<{ openSubnet: string; closedSubnet: string }> {
  const { Subnets = [] } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: "default-for-az", Values: ["true"] }] }),
  );
  const { SubnetId: openSubnet = "", VpcId = "" } = Subnets[0] ?? {};
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const GatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId }));
  const { RouteTables = [] } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }),
  );
  const RouteTableId = RouteTables[0]?.RouteTableId ?? "";
  await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "172.31.240.0/24" }));
  const closedSubnet = Subnet?.SubnetId ?? "";
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  await ec2.send(
    new AssociateRouteTableCommand({ RouteTableId: RouteTable?.RouteTableId ?? "", SubnetId: closedSubnet }),
  );
  return { openSubnet, closedSubnet };
}

async function setUpBatch({ batch, ec2 }: AccountClients, { openSubnet }: { openSubnet: string }): Promise<void> {
  const { account, environment, queue, definition, logGroup, jobRole } = NAMES;
  const { SecurityGroups = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-name", Values: ["default"] }] }),
  );
  await batch.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: environment,
      type: "MANAGED",
      state: "ENABLED",
      serviceRole: `arn:aws:iam::${account}:role/healthy-service-role`,
      computeResources: {
        type: "EC2",
        minvCpus: 0,
        desiredvCpus: 0,
        maxvCpus: 16,
        instanceTypes: ["m5.large"],
        subnets: [openSubnet],
        securityGroupIds: [SecurityGroups[0]?.GroupId ?? ""],
        instanceRole: `arn:aws:iam::${account}:instance-profile/healthy-instance-profile`,
      },
    }),
  );
  const computeEnvironmentOrder = [{ order: 1, computeEnvironment: environment }];
  await batch.send(
    new CreateJobQueueCommand({ jobQueueName: queue, priority: 1, state: "ENABLED", computeEnvironmentOrder }),
  );
  await batch.send(
    new RegisterJobDefinitionCommand({
      jobDefinitionName: definition,
      type: "container",
      containerProperties: {
        image: IMAGE,
        command: [...COMMAND],
        resourceRequirements: [
          { type: "VCPU", value: "1" },
          { type: "MEMORY", value: "1024" },
        ],
        jobRoleArn: `arn:aws:iam::${account}:role/${jobRole}`,
        logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": logGroup } },
      },
    }),
  );
}
