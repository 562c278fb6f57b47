import { ModifySubnetAttributeCommand } from "@aws-sdk/client-ec2";
import { CONFIG_DIGEST, NAMES } from "../healthy-account.ts";
import { holdLease } from "../hold-lease.ts";
import { anImage, both, type Case, definition, deny, environment, image, quota, role } from "./broken.ts";

const FARGATE = {
  networkConfiguration: { assignPublicIp: "ENABLED" },
  resourceRequirements: [
    { type: "VCPU", value: "1" },
    { type: "MEMORY", value: "2048" },
  ],
};

/** Permissions, roles, image, network, and another manager. */
export const ACCOUNT: readonly Case[] = [
  {
    what: "jobs may not be submitted",
    breakIt: (bed) => {
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
    breakIt: (bed) => {
      bed.denied.add(`${NAMES.jobRole} s3:PutObject out`);
      return {};
    },
    ids: ["iam-job-role"],
    says: /may not do s3:PutObject on arn:aws:s3:::healthy-payloads\/scaler-tasks\/v1\/out\//,
    exit: 77,
  },
  {
    what: "the job role may do too much",
    breakIt: (bed) => {
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
    what: "the execution role may not write logs",
    breakIt: async (bed) => {
      bed.denied.add("logs:PutLogEvents");
      const fargate = definition({ ...FARGATE, executionRoleArn: role(NAMES.jobRole) });
      return await both(environment({}, { type: "FARGATE" }), fargate)(bed);
    },
    ids: ["iam-execution-role"],
    says: /may not do logs:PutLogEvents on arn:aws:logs:eu-central-1:123456789012:log-group:\/aws\/batch\/healthy:/,
    exit: 77,
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
    what: "none of the image's platforms is right",
    breakIt: (bed) => {
      bed.image = { ...bed.image, architecture: "arm64" };
      const platform = (os: string, architecture: string) => ({
        digest: CONFIG_DIGEST,
        platform: { os, architecture },
      });
      const index = { schemaVersion: 2, manifests: [platform("linux", "arm64"), platform("unknown", "unknown")] };
      const manifest = { schemaVersion: 2, config: { digest: CONFIG_DIGEST } };
      bed.proxy.rule("ecr:BatchGetImage", ({ body }) => {
        const imageManifest = JSON.stringify(body.includes("imageTag") ? index : manifest);
        return { status: 200, headers: {}, body: JSON.stringify({ images: [{ imageManifest }], failures: [] }) };
      });
      return {};
    },
    ids: ["ecr-image"],
    says: /healthy-runner:1 is built for arm64, but its jobs run on amd64/,
    exit: 78,
  },
  {
    what: "the image has no runner",
    breakIt: (bed) => {
      const { Labels = {} } = bed.image.config;
      const { "scaler-aws-hpc.runner": _runner, ...rest } = Labels;
      return image({ config: { Labels: rest, Entrypoint: ["sh"] } })(bed);
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
    breakIt: (bed) => environment({}, { subnets: [bed.account.openSubnet, bed.account.closedSubnet] })(bed),
    ids: ["vpc-network"],
    says: /no way to S3, ECR, Logs, ECS: route table .* leads nowhere.*add a route through a NAT gateway, or endpoints/,
    exit: 69,
  },
  {
    what: "machines get no public address",
    breakIt: async (bed) => {
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
    what: "a quota is less than its machines may grow to",
    breakIt: quota(15),
    ids: ["vcpu-quotas"],
    says: /may grow to 16 vCPUs, but the account may run 15 of On-Demand standard instances \(L-1216C47A\); ask for more: aws service-quotas request-service-quota-increase --region eu-central-1 --service-code ec2 --quota-code L-1216C47A --desired-value 16/,
    exit: 0,
  },
  {
    what: "a quota is less than one job",
    breakIt: quota(0),
    ids: ["vcpu-quotas"],
    says: /a job of healthy-job takes 1 vCPU, and the account may run 0 at once, so it never starts; ask for more/,
    exit: 78,
  },
  {
    what: "a quota of Fargate is less than one job",
    breakIt: both(
      environment({}, { type: "FARGATE_SPOT" }),
      definition({ ...FARGATE, executionRoleArn: role(NAMES.jobRole) }),
      quota(0.5),
    ),
    ids: ["vcpu-quotas"],
    says: /never starts; ask for more: .* --service-code fargate --quota-code L-36FBB829 --desired-value 16/,
    exit: 78,
  },
  {
    what: "quotas may not be looked at",
    breakIt: deny("servicequotas:GetServiceQuota"),
    ids: ["vcpu-quotas"],
    says: /could not be looked at: servicequotas:GetServiceQuota is not allowed; allow servicequotas:GetServiceQuota/,
    exit: 0,
  },
  {
    what: "Service Quotas knows no value",
    // As moto answers.
    breakIt: (bed) => {
      bed.proxy.rule("servicequotas:GetServiceQuota", (_call, forward) => forward());
      return {};
    },
    ids: ["vcpu-quotas"],
    says: /On-Demand standard instances \(L-1216C47A\): Service Quotas tells no value of this account; look at it in the console/,
    exit: 0,
  },
  {
    what: "Spot has no role",
    breakIt: environment({}, { type: "SPOT" }),
    ids: ["iam-spot-role"],
    says: /AWSServiceRoleForEC2Spot does not exist.*aws iam create-service-linked-role --aws-service-name spot\.amazonaws\.com/,
    exit: 0,
  },
  {
    what: "another manager lives under the id",
    breakIt: async (bed) => ({ mend: await holdLease(bed, "held"), flags: { "worker-manager-id": "held" } }),
    ids: ["manager-id"],
    says: /held \(.*\) is held by elsewhere, process 7, which lives; stop that manager/,
    exit: 78,
  },
];
