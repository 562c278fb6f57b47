import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { ModifySubnetAttributeCommand } from "@aws-sdk/client-ec2";
import { DeleteBucketLifecycleCommand } from "@aws-sdk/client-s3";
import { encodeLease, leaseKey, systemClock } from "@scaler-aws-hpc/adapter-core";
import { S3PayloadStore } from "@scaler-aws-hpc/payload-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DoctorBed } from "../../test-support/doctor/doctor-bed.ts";
import { blockPublicAccess, COMMAND, NAMES, putLifecycle } from "../../test-support/doctor/healthy-account.ts";
import { withEnvironment } from "../s3-store/s3-place.ts";

let bed: DoctorBed;
beforeAll(async () => {
  bed = await DoctorBed.open();
});
beforeEach(() => bed.mend());
afterAll(async () => {
  await bed?.[Symbol.asyncDispose]();
});

type Mend = () => unknown;
type Flags = Parameters<DoctorBed["diagnose"]>[0];
interface Broken {
  readonly flags?: Flags;
  readonly nodeVersion?: string;
  readonly mend?: Mend;
}

/** One precondition that is broken; what doctor says then: the ids of all lines that are not ok, and of the first of them its words and the exit code. */
interface Case {
  readonly what: string;
  readonly breakIt: () => Promise<Broken> | Broken;
  readonly ids: readonly string[];
  readonly says: RegExp;
  readonly exit: number;
}

const flags =
  (given: NonNullable<Flags>): Case["breakIt"] =>
  () => ({ flags: given });
const deny =
  (...names: readonly string[]): Case["breakIt"] =>
  () => {
    for (const name of names) bed.proxy.deny(name);
    return {};
  };
const noSuch =
  (name: string, code: string): Case["breakIt"] =>
  () => {
    bed.proxy.rule(name, () => ({ status: 404, headers: {}, body: `<Error><Code>${code}</Code></Error>` }));
    return {};
  };

type Fields = Record<string, unknown>;
const queue =
  (change: Fields): Case["breakIt"] =>
  () => {
    bed.proxy.edit("batch:describejobqueues", ({ jobQueues }: { jobQueues: Fields[] }) => ({
      jobQueues: jobQueues.map((one) => ({ ...one, ...change })),
    }));
    return {};
  };
const environment =
  (change: Fields, resources: Fields = {}): Case["breakIt"] =>
  () => {
    bed.proxy.edit(
      "batch:describecomputeenvironments",
      ({ computeEnvironments }: { computeEnvironments: (Fields & { computeResources: Fields })[] }) => ({
        computeEnvironments: computeEnvironments.map((one) => ({
          ...one,
          ...change,
          computeResources: { ...one.computeResources, ...resources },
        })),
      }),
    );
    return {};
  };
const definition =
  (container: Fields, change: Fields = {}): Case["breakIt"] =>
  () => {
    bed.proxy.edit(
      "batch:describejobdefinitions",
      ({ jobDefinitions }: { jobDefinitions: (Fields & { containerProperties: Fields })[] }) => ({
        jobDefinitions: jobDefinitions.map((one) => ({
          ...one,
          ...change,
          containerProperties: { ...one.containerProperties, ...container },
        })),
      }),
    );
    return {};
  };
const both =
  (...breaks: readonly Case["breakIt"][]): Case["breakIt"] =>
  async () => {
    for (const one of breaks) await one();
    return {};
  };
const image =
  (change: Partial<DoctorBed["image"]>): Case["breakIt"] =>
  () => {
    bed.image = { ...bed.image, ...change };
    return {};
  };
const role = (name: string): string => `arn:aws:iam::${NAMES.account}:role/${name}`;
const anImage = (name: string): string => `${NAMES.account}.dkr.ecr.${NAMES.region}.amazonaws.com/${name}`;

/** A port on which nobody listens any more. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `tcp://127.0.0.1:${port}`;
}

const PROGRAM: readonly Case[] = [
  {
    what: "Node is too old",
    breakIt: () => ({ nodeVersion: "v20.20.0" }),
    ids: ["node"],
    says: /v20\.20\.0 is older than 22\.13; install Node/,
    exit: 78,
  },
  {
    what: "the scheduler's address is missing",
    breakIt: flags({ "scheduler-address": undefined }),
    ids: ["start-settings"],
    says: /no scheduler address/,
    exit: 78,
  },
  {
    what: "two settings do not fit",
    breakIt: flags({ "link-timeout": "1" }),
    ids: ["start-settings"],
    says: /link-timeout: expected at least twice/,
    exit: 78,
  },
  {
    what: "a setting is no value",
    breakIt: flags({ "max-retries": "many" }),
    ids: ["settings"],
    says: /max-retries/,
    exit: 78,
  },
  {
    what: "the backend is unknown",
    breakIt: flags({ backend: "bacth" }),
    ids: ["backend"],
    says: /did you mean "batch"/,
    exit: 78,
  },
  {
    what: "the queue is not named",
    breakIt: flags({ "job-queue": undefined }),
    ids: ["backend"],
    says: /give --job-queue/,
    exit: 78,
  },
  {
    what: "the queue's name is none",
    breakIt: flags({ "job-queue": "a queue" }),
    ids: ["backend"],
    says: /expected the name or ARN of a job queue/,
    exit: 78,
  },
  {
    what: "the bucket is not named",
    breakIt: flags({ "s3-bucket": undefined }),
    ids: ["payload-store"],
    says: /give --s3-bucket/,
    exit: 78,
  },
  {
    what: "the store is this machine's",
    breakIt: flags({ "payload-store": "fs" }),
    ids: ["batch-store"],
    says: /use --payload-store s3/,
    exit: 78,
  },
];

const SCHEDULER: readonly Case[] = [
  {
    what: "nobody listens at the scheduler's address",
    breakIt: async () => ({ flags: { "scheduler-address": await closedPort() } }),
    ids: ["scheduler"],
    says: /ECONNREFUSED.*start it, or correct the address/,
    exit: 69,
  },
  {
    what: "something else listens there",
    breakIt: () => {
      bed.scheduler.hello = Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n");
      return {};
    },
    ids: ["scheduler"],
    says: /expected a Scaler server/,
    exit: 78,
  },
  {
    what: "the scheduler speaks a newer version",
    breakIt: () => {
      bed.scheduler.hello = Buffer.from("YMQ\x07");
      return {};
    },
    ids: ["scheduler"],
    says: /version/i,
    exit: 78,
  },
  {
    what: "the object storage is away",
    breakIt: async () => ({ flags: { "object-storage-address": await closedPort() } }),
    ids: ["object-storage"],
    says: /the object storage at .*ECONNREFUSED/,
    exit: 69,
  },
  {
    what: "the file with certificates is away",
    breakIt: flags({ "tls-ca": "/nowhere/ca.pem" }),
    ids: ["scheduler-trust"],
    says: /cannot be read \(ENOENT\)/,
    exit: 78,
  },
];

const AWS: readonly Case[] = [
  {
    what: "there are no credentials",
    breakIt: () => {
      const env = withEnvironment({ AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" });
      return { mend: () => env[Symbol.dispose]() };
    },
    ids: ["aws-credentials"],
    says: /none were found.*set AWS_PROFILE/,
    exit: 77,
  },
  {
    what: "the credentials are nobody's",
    breakIt: () => {
      const body =
        "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message></Error></ErrorResponse>";
      bed.proxy.rule("sts:GetCallerIdentity", () => ({ status: 403, headers: {}, body }));
      return {};
    },
    ids: ["aws-account"],
    says: /the AWS credentials are not valid/,
    exit: 77,
  },
  {
    what: "the clock is wrong",
    breakIt: () => {
      bed.proxy.skewMs = -12 * 60_000;
      return {};
    },
    ids: ["aws-clock"],
    says: /7[12]\d s ahead of AWS: AWS refuses such signatures.*synchronise/,
    exit: 0,
  },
];

const S3: readonly Case[] = [
  {
    what: "the bucket is not there",
    breakIt: flags({ "s3-bucket": "no-such-bucket-here" }),
    ids: ["s3-bucket"],
    says: /does not exist; create it or name another/,
    exit: 78,
  },
  {
    what: "the bucket may not be listed",
    breakIt: deny("s3:GET:list-type"),
    ids: ["s3-bucket"],
    says: /s3:ListBucket on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "the bucket is in another region",
    breakIt: () => {
      const headers = { "x-amz-bucket-region": "us-west-2" };
      const body = "<Error><Code>PermanentRedirect</Code></Error>";
      bed.proxy.rule("s3:GET:list-type", () => ({ status: 301, headers, body }));
      return {};
    },
    ids: ["s3-bucket"],
    says: /is not in eu-central-1; use --aws-region us-west-2/,
    exit: 78,
  },
  {
    what: "objects may not be written",
    breakIt: deny("s3:PUT:object"),
    ids: ["s3-objects"],
    says: /s3:PutObject on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "objects may not be read",
    breakIt: deny("s3:GET:object"),
    ids: ["s3-objects"],
    says: /s3:GetObject on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "objects may not be deleted",
    breakIt: deny("s3:POST:delete"),
    ids: ["s3-objects"],
    says: /s3:DeleteObject on bucket .* is denied/,
    exit: 77,
  },
  {
    what: "the service keeps no conditions",
    breakIt: () => {
      bed.proxy.rule("s3:PUT:object", () => ({ status: 200, headers: { etag: '"x"' }, body: "" }));
      return {};
    },
    ids: ["s3-objects"],
    says: /does not keep conditions of a put/,
    exit: 78,
  },
  {
    what: "nothing is encrypted by default",
    breakIt: noSuch("s3:GET:encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ids: ["s3-encryption"],
    says: /encrypts nothing by itself; set default encryption/,
    exit: 0,
  },
  {
    what: "encryption may not be looked at",
    breakIt: deny("s3:GET:encryption"),
    ids: ["s3-encryption"],
    says: /could not be looked at: s3:GetEncryptionConfiguration is denied/,
    exit: 0,
  },
  {
    what: "public access is blocked in part",
    breakIt: async () => {
      await blockPublicAccess(bed.account.clients, false);
      return { mend: () => blockPublicAccess(bed.account.clients) };
    },
    ids: ["s3-public-access"],
    says: /not blocked: RestrictPublicBuckets; turn on/,
    exit: 0,
  },
  {
    what: "plain HTTP is let in",
    breakIt: noSuch("s3:GET:policy", "NoSuchBucketPolicy"),
    ids: ["s3-tls-only"],
    says: /is not refused.*aws:SecureTransport/,
    exit: 0,
  },
  {
    what: "the lifecycle is the original's of one day",
    breakIt: async () => {
      await putLifecycle(bed.account.clients, 1);
      return { mend: () => putLifecycle(bed.account.clients) };
    },
    ids: ["s3-lifecycle", "s3-lifecycle"],
    says: /expires after 1 day.*let it expire after 7 days or more/,
    exit: 0,
  },
  {
    what: "there is no lifecycle",
    breakIt: async () => {
      await bed.account.clients.s3.send(new DeleteBucketLifecycleCommand({ Bucket: NAMES.bucket }));
      return { mend: () => putLifecycle(bed.account.clients) };
    },
    ids: ["s3-lifecycle", "s3-lifecycle", "s3-lifecycle"],
    says: /nothing removes what is left over in scaler-tasks\/v1\/in\//,
    exit: 0,
  },
  {
    what: "the bucket is a stranger's",
    breakIt: () => {
      strangersBucket();
      return {};
    },
    ids: ["s3-owner"],
    says: /another account than 123456789012.*--s3-bucket-owner/,
    exit: 0,
  },
  {
    what: "the bucket is not that of the named account",
    breakIt: () => {
      strangersBucket();
      return { flags: { "s3-bucket-owner": "210987654321" } };
    },
    ids: ["s3-bucket"],
    says: /or the bucket is not of account 210987654321/,
    exit: 77,
  },
];

function strangersBucket(): void {
  const body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
  bed.proxy.rule("s3:GET:list-type", async ({ headers }, forward) =>
    headers["x-amz-expected-bucket-owner"] === undefined ? await forward() : { status: 403, headers: {}, body },
  );
}

const BATCH: readonly Case[] = [
  {
    what: "the queue is not there",
    breakIt: flags({ "job-queue": "another-queue" }),
    ids: ["batch-queue"],
    says: /there is none of this name in eu-central-1/,
    exit: 78,
  },
  {
    what: "the queue is in another region",
    breakIt: flags({ "job-queue": `arn:aws:batch:us-west-2:${NAMES.account}:job-queue/far` }),
    ids: ["batch-queue"],
    says: /it is in us-west-2.*--aws-region us-west-2/,
    exit: 78,
  },
  {
    what: "the queue is disabled",
    breakIt: queue({ state: "DISABLED" }),
    ids: ["batch-queue"],
    says: /it is disabled; enable it/,
    exit: 78,
  },
  {
    what: "the queue is invalid",
    breakIt: queue({ status: "INVALID", statusReason: "no environment" }),
    ids: ["batch-queue"],
    says: /expected status VALID, got INVALID \(no environment\)/,
    exit: 78,
  },
  {
    what: "the queue shares fairly",
    breakIt: queue({ schedulingPolicyArn: "arn:aws:batch:eu-central-1:123456789012:scheduling-policy/fair" }),
    ids: ["batch-profile"],
    says: /shares fairly; give --batch-share-identifier/,
    exit: 78,
  },
  {
    what: "queues may not be looked at",
    breakIt: deny("batch:describejobqueues"),
    ids: ["batch-queue"],
    says: /batch:DescribeJobQueues is not allowed/,
    exit: 77,
  },
  {
    what: "its environment is disabled",
    breakIt: environment({ state: "DISABLED" }),
    ids: ["batch-machines"],
    says: /healthy-environment is disabled; enable it/,
    exit: 78,
  },
  {
    what: "its environment is invalid",
    breakIt: environment({ status: "INVALID", statusReason: "CLIENT_ERROR - instance profile" }),
    ids: ["batch-machines"],
    says: /healthy-environment is INVALID \(CLIENT_ERROR - instance profile\)/,
    exit: 78,
  },
  {
    what: "its environment may start nothing",
    breakIt: environment({}, { maxvCpus: 0 }),
    ids: ["batch-machines"],
    says: /may have 0 vCPUs at most.*raise its maximum/,
    exit: 78,
  },
  {
    what: "environments may not be looked at",
    breakIt: deny("batch:describecomputeenvironments"),
    ids: ["batch-machines", "iam-execution-role", "ecr-image", "vpc-network"],
    says: /could not be looked at: batch:DescribeComputeEnvironments/,
    exit: 0,
  },
  {
    what: "the definition is not there",
    breakIt: flags({ "job-definition": "another-job" }),
    ids: ["batch-definition"],
    says: /no active revision of it/,
    exit: 78,
  },
  {
    what: "the definition is of another type",
    breakIt: definition({}, { type: "multinode" }),
    ids: ["batch-definition"],
    says: /expected type "container"/,
    exit: 78,
  },
  {
    what: "the definition passes no payload",
    breakIt: definition({ command: COMMAND.filter((word) => !word.includes("payload")) }),
    ids: ["batch-definition"],
    says: /its command lacks Ref::payload/,
    exit: 78,
  },
  {
    what: "the definition leaves no room",
    breakIt: definition({ command: [...COMMAND, "x".repeat(7_000)] }),
    ids: ["batch-profile"],
    says: /leaves no room for bundles/,
    exit: 0,
  },
  {
    what: "the log group is not there",
    breakIt: definition({ logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": "/none" } } }),
    ids: ["batch-logs"],
    says: /\/none does not exist, so containers will not start; make it/,
    exit: 78,
  },
  {
    what: "jobs log elsewhere",
    breakIt: definition({ logConfiguration: { logDriver: "fluentd" } }),
    ids: ["batch-logs"],
    says: /jobs log by fluentd/,
    exit: 0,
  },
  {
    what: "logs may not be read",
    breakIt: deny("logs:GetLogEvents"),
    ids: ["batch-logs"],
    says: /may not be read; allow logs:GetLogEvents/,
    exit: 0,
  },
  {
    what: "jobs may not be described, listed or ended",
    breakIt: deny("batch:describejobs", "batch:listjobs", "batch:terminatejob"),
    ids: ["batch-permissions", "batch-permissions", "batch-permissions"],
    says: /batch:DescribeJobs is not allowed/,
    exit: 77,
  },
  {
    what: "snapshots may not be seen",
    breakIt: deny("batch:getjobqueuesnapshot"),
    ids: ["batch-permissions"],
    says: /batch:GetJobQueueSnapshot is not allowed/,
    exit: 0,
  },
  {
    what: "Fargate has no such size",
    breakIt: both(
      environment({}, { type: "FARGATE", instanceTypes: undefined }),
      definition({
        executionRoleArn: role(NAMES.jobRole),
        networkConfiguration: { assignPublicIp: "ENABLED" },
        resourceRequirements: [
          { type: "VCPU", value: "1" },
          { type: "MEMORY", value: "1000" },
        ],
      }),
    ),
    ids: ["batch-profile"],
    says: /Fargate has no 1 vCPU with 1000 MiB; the nearest is 2048 MiB/,
    exit: 78,
  },
];

const FARGATE = {
  networkConfiguration: { assignPublicIp: "ENABLED" },
  resourceRequirements: [
    { type: "VCPU", value: "1" },
    { type: "MEMORY", value: "2048" },
  ],
};

const ACCOUNT: readonly Case[] = [
  {
    what: "jobs may not be submitted",
    breakIt: () => {
      bed.denied.add("batch:SubmitJob");
      return {};
    },
    ids: ["iam-manager", "iam-manager"],
    says: /batch:SubmitJob on arn:aws:batch:.*job-queue\/healthy-queue is not allowed/,
    exit: 77,
  },
  {
    what: "IAM may not be asked",
    breakIt: deny("iam:SimulatePrincipalPolicy"),
    ids: ["iam-manager", "iam-job-role"],
    says: /could not be looked at: iam:SimulatePrincipalPolicy is not allowed/,
    exit: 0,
  },
  {
    what: "the job role is not there",
    breakIt: definition({ jobRoleArn: role("gone") }),
    ids: ["iam-job-role"],
    says: /gone does not exist; make it/,
    exit: 78,
  },
  {
    what: "the job role is not for tasks",
    breakIt: definition({ jobRoleArn: role("strangers-role") }),
    ids: ["iam-job-role"],
    says: /may not be taken by ecs-tasks.amazonaws.com/,
    exit: 78,
  },
  {
    what: "the job role may not write results",
    breakIt: () => {
      bed.denied.add(`${NAMES.jobRole} s3:PutObject out`);
      return {};
    },
    ids: ["iam-job-role"],
    says: /may not do s3:PutObject on arn:aws:s3:::healthy-payloads\/scaler-tasks\/v1\/out\//,
    exit: 77,
  },
  {
    what: "the job role may do too much",
    breakIt: () => {
      bed.denied.delete(`${NAMES.jobRole} batch:DescribeJobs *`);
      return {};
    },
    ids: ["iam-job-role"],
    says: /may do more than tasks need: batch:DescribeJobs/,
    exit: 0,
  },
  {
    what: "there is no job role",
    breakIt: definition({ jobRoleArn: undefined }),
    ids: ["iam-job-role"],
    says: /tasks have the instance's role/,
    exit: 0,
  },
  {
    what: "Fargate has no roles",
    breakIt: both(environment({}, { type: "FARGATE" }), definition({ ...FARGATE, jobRoleArn: undefined })),
    ids: ["iam-job-role", "iam-execution-role"],
    says: /containers on Fargate have no credentials/,
    exit: 78,
  },
  {
    what: "the image is not there",
    breakIt: definition({ image: anImage("healthy-runner:2") }),
    ids: ["ecr-image"],
    says: /healthy-runner:2 is not there; push it with/,
    exit: 78,
  },
  {
    what: "the image's repository is not there",
    breakIt: definition({ image: anImage("gone") }),
    ids: ["ecr-image"],
    says: /gone is not there/,
    exit: 78,
  },
  {
    what: "the image is for other processors",
    breakIt: image({ architecture: "arm64" }),
    ids: ["ecr-image"],
    says: /is built for arm64, but its jobs run on amd64/,
    exit: 78,
  },
  {
    what: "the image has no runner",
    breakIt: () => {
      const { Labels = {} } = bed.image.config;
      const { "scaler-aws-hpc.runner": _runner, ...rest } = Labels;
      return image({ config: { Labels: rest, Entrypoint: ["sh"] } })();
    },
    ids: ["ecr-image"],
    says: /neither its labels nor its entry point tell of the runner/,
    exit: 0,
  },
  {
    what: "the image has another Python",
    breakIt: image({ config: { Labels: { "scaler-aws-hpc.runner": "python", "scaler-aws-hpc.python": "2.7" } } }),
    ids: ["image-python"],
    says: /2\.7 in the image, but 3\.\d+\.\d+ on this machine.*--python 3\.\d+/,
    exit: 0,
  },
  {
    what: "the image is elsewhere",
    breakIt: definition({ image: "python:3.12" }),
    ids: ["ecr-image", "image-python"],
    says: /python:3\.12 is not in ECR, so it could not be looked at/,
    exit: 0,
  },
  {
    what: "images may not be looked at",
    breakIt: deny("ecr:BatchGetImage"),
    ids: ["ecr-image", "image-python"],
    says: /could not be looked at: ecr:BatchGetImage/,
    exit: 0,
  },
  {
    what: "a subnet leads nowhere",
    breakIt: () => environment({}, { subnets: [bed.account.openSubnet, bed.account.closedSubnet] })(),
    ids: ["vpc-network"],
    says: /has no way to S3, ECR, Logs, ECS: its route table .* leads nowhere.*add a route through a NAT gateway, or endpoints/,
    exit: 69,
  },
  {
    what: "machines get no public address",
    breakIt: async () => {
      const { openSubnet: SubnetId, clients } = bed.account;
      const set = (Value: boolean) =>
        clients.ec2.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value } }));
      await set(false);
      return { mend: () => set(true) };
    },
    ids: ["vpc-network"],
    says: /internet gateway, but what starts there gets no public address/,
    exit: 69,
  },
  {
    what: "a subnet is not there",
    breakIt: environment({}, { subnets: ["subnet-0123456789abcdef0"] }),
    ids: ["vpc-network"],
    says: /subnet-0123456789abcdef0/,
    exit: 78,
  },
  {
    what: "networks may not be looked at",
    breakIt: deny("ec2:DescribeSubnets"),
    ids: ["vpc-network"],
    says: /could not be looked at: .*an ec2:Describe action/,
    exit: 0,
  },
  {
    what: "another manager lives under the id",
    breakIt: async () => ({ mend: await holdLease("held"), flags: { "worker-manager-id": "held" } }),
    ids: ["manager-id"],
    says: /held \(.*\) is held by elsewhere, process 7, which lives; stop that manager/,
    exit: 78,
  },
];

/** Renews the lease of a manager elsewhere, until it is told to stop. */
async function holdLease(workerManagerId: string): Promise<Mend> {
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const store = await S3PayloadStore.open({ bucket: NAMES.bucket }, { clock: systemClock, log });
  const key = leaseKey(bed.managerIdOf(workerManagerId));
  let held = true;
  const renew = async (): Promise<void> => {
    for (let epoch = 1; held; epoch++) {
      const renewed = Date.now();
      const lease = { epoch, owner: "0".repeat(32), workers: [], host: "elsewhere", pid: 7, renewed, released: false };
      await store.put(key, encodeLease(lease));
      await systemClock.sleep(200);
    }
  };
  const renewing = renew();
  return async () => {
    held = false;
    await renewing;
    await store.delete([key]);
    await store[Symbol.asyncDispose]();
  };
}

it("finds nothing wrong where all is as it should be", async () => {
  const { lines, ok, exitCode, summary } = await bed.diagnose();
  expect(lines.filter(({ level }) => level !== "ok")).toEqual([]);
  expect({ ok, exitCode }).toEqual({ ok: true, exitCode: 0 });
  expect(summary).toMatchObject({ warnings: 0, faults: 0, notChecked: 0 });
  // A heading is never torn apart.
  const groups = lines.map(({ group }) => group).filter((group, index, all) => group !== all[index - 1]);
  expect(new Set(groups).size).toBe(groups.length);
});

it("looks at what `provision` needs", async () => {
  bed.denied.add("iam:CreateRole");
  const { lines } = await bed.diagnose({ "job-queue": undefined }, { purpose: "provision" });
  const permissions = lines.find(({ id }) => id === "provision-permissions");
  expect(permissions?.text).toMatch(/iam:CreateRole on \* is not allowed/);
  expect(lines.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["aws-account", "provision-network", "provision-engine"]),
  );
});

for (const [subject, cases] of Object.entries({ PROGRAM, SCHEDULER, AWS, S3, BATCH, ACCOUNT })) {
  describe(`names what is broken: ${subject.toLowerCase()}`, () => {
    it.each(cases)("$what", async ({ breakIt, ids, says, exit }) => {
      const { flags: given, nodeVersion, mend } = await breakIt();
      try {
        const { lines, exitCode } = await bed.diagnose(given, nodeVersion === undefined ? {} : { nodeVersion });
        const bad = lines.filter(({ level }) => level === "fault" || level === "warning");
        const told = bad.map(({ level, id, text, fix }) => `${level} ${id}: ${text}; ${fix}`);
        expect(
          bad.map(({ id }) => id),
          told.join("\n"),
        ).toEqual(ids);
        expect(`${bad[0]?.text}; ${bad[0]?.fix}`).toMatch(says);
        expect(bad.every(({ fix }) => fix !== undefined && fix !== "")).toBe(true);
        expect(exitCode).toBe(exit);
      } finally {
        await mend?.();
      }
    });
  });
}
