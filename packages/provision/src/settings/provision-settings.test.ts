import { describe, expect, it } from "vitest";
import { COMMON } from "../../test-support/variants.ts";
import { provisionSettings } from "./provision-settings-check.ts";
import { type ProvisionChoices, partitionOf } from "./settings-defaults.ts";

const ACCOUNT = { region: "eu-west-1", accountId: "123456789012" } as const;

describe("settings", () => {
  it("have a default for everything but the account and the region", () => {
    expect(provisionSettings(ACCOUNT)).toEqual({
      ...ACCOUNT,
      deployment: "scaler-aws-hpc",
      partition: "aws",
      bucket: "scaler-aws-hpc-123456789012-eu-west-1",
      prefix: "scaler-tasks",
      lifecycleDays: 14,
      kmsKeyArn: undefined,
      repository: "scaler-aws-hpc",
      logRetentionDays: 30,
      tags: {},
      compute: "ec2",
      purchase: "spot-first",
      architecture: "x86_64",
      instanceTypes: ["optimal"],
      maxVcpus: 256,
      vpcId: undefined,
      subnets: [],
      serviceRoleArn: undefined,
      assignPublicIp: true,
      image: undefined,
      job: { vcpus: 1, memoryMiB: 1843 },
      tmpMiB: 512,
      jobTimeoutMinutes: 1440,
      gpu: undefined,
      node: undefined,
    });
  });

  it("take their defaults from each other", () => {
    const small = provisionSettings({ ...ACCOUNT, deployment: "team-a", job: { memoryMiB: 256 } });
    expect(small).toMatchObject({ bucket: "team-a-123456789012-eu-west-1", repository: "team-a", tmpMiB: 128 });
    expect(provisionSettings({ ...ACCOUNT, architecture: "arm64" }).instanceTypes).toEqual(["default_arm64"]);
    const fargate = provisionSettings({ ...ACCOUNT, compute: "fargate" });
    expect(fargate).toMatchObject({ instanceTypes: [], job: { vcpus: 1, memoryMiB: 2048 } });
    expect(provisionSettings({ ...ACCOUNT, maxVcpus: 16, gpu: {} }).gpu).toMatchObject({ gpus: 1, maxVcpus: 16 });
    expect(provisionSettings({ ...ACCOUNT, prefix: "/a/b/" }).prefix).toBe("a/b");
  });

  it("know the partition of a region", () => {
    expect(["eu-west-1", "cn-north-1", "us-gov-east-1"].map(partitionOf)).toEqual(["aws", "aws-cn", "aws-us-gov"]);
  });

  const wrong: readonly (readonly [Partial<ProvisionChoices>, RegExp])[] = [
    [{ deployment: "Team" }, /^\[config\] --prefix: expected 2 to 32 of a-z.*got "Team"/],
    [{ deployment: "a--b" }, /--prefix: /],
    [{ deployment: "a-" }, /--prefix: /],
    [{ deployment: "a".repeat(33) }, /--prefix: /],
    [{ region: "europe" }, /--region: expected a region of AWS, such as eu-west-1, got "europe"/],
    [{ accountId: "12345" }, /account: expected the 12 digits/],
    [{ bucket: "My_Bucket" }, /--s3-bucket: expected 3 to 63/],
    [{ bucket: "my.bucket" }, /--s3-bucket: /],
    [{ bucket: "xn--bucket" }, /--s3-bucket: /],
    [{ bucket: "data--x-s3" }, /--s3-bucket: /],
    [{ prefix: "a/../b" }, /--s3-prefix: expected names of/],
    [{ prefix: "a*" }, /--s3-prefix: /],
    [{ repository: "Images" }, /--repository: expected 2 to 256/],
    [{ lifecycleDays: 7 }, /--lifecycle-days: expected a whole number of days from 8 to 3650, got 7/],
    [{ logRetentionDays: 10 }, /--log-retention-days: expected one of 1 3 5/],
    [{ kmsKeyArn: "alias/key" }, /--kms-key: expected the ARN of a key in eu-west-1/],
    [{ kmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/01234567" }, /--kms-key: /],
    [{ tags: { "aws:x": "y" } }, /--tag: expected a key of/],
    [{ tags: { "scaler-aws-hpc:deployment": "y" } }, /--tag: /],
    [{ tags: { a: "b;c" } }, /--tag: .*got "a=b;c"/],
    [{ tags: Object.fromEntries(Array.from({ length: 41 }, (_, n) => [`t${n}`, ""])) }, /--tag: expected at most 40/],
    [{ maxVcpus: 0 }, /--max-vcpus: expected a whole number of vCPUs from 1/],
    [{ vpcId: "vpc" }, /--vpc: expected an id/],
    [{ subnets: ["subnet-1"] }, /--subnets: expected ids as/],
    [{ subnets: ["subnet-01234567", "subnet-01234567"] }, /--subnets: expected at most 16, each once/],
    [{ image: "name" }, /--image: expected an image by digest/],
    [{ image: "name:latest" }, /--image: /],
    [{ node: { image: "name:latest" } }, /--node-image: /],
    [
      { serviceRoleArn: "arn:aws:iam::999999999999:role/x" },
      /--service-role: expected the ARN of a role of this account/,
    ],
    [{ jobTimeoutMinutes: 0 }, /job timeout: /],
    [{ instanceTypes: [] }, /--instance-types: expected at least one/],
    [{ instanceTypes: ["m7g"] }, /--instance-types: expected types, families or groups of x86_64, got "m7g"/],
    [{ architecture: "arm64", instanceTypes: ["optimal"] }, /groups of arm64, got "optimal"/],
    [{ job: { vcpus: 0.5 } }, /--vcpus: expected a whole number/],
    [{ job: { vcpus: 8 }, maxVcpus: 4 }, /--vcpus: .*from 1 to 4/],
    [{ job: { memoryMiB: 4 } }, /--memory: /],
    [{ tmpMiB: 1500 }, /tmp size: expected a whole number of MiB from 1 to 921/],
    [{ compute: "fargate", instanceTypes: ["m7i"] }, /--instance-types: expected none with fargate/],
    [
      { compute: "fargate", job: { memoryMiB: 1843 } },
      /--vcpus, --memory: expected 2048 to 8192 in steps of 1024 MiB for 1 vCPUs on fargate, got 1843 MiB for 1 vCPUs/,
    ],
    [{ compute: "fargate", architecture: "arm64" }, /--purchase: expected on-demand with arm64 on fargate/],
    [{ assignPublicIp: false }, /--no-public-ip: expected on Fargate only/],
    [{ compute: "fargate", gpu: {} }, /--compute: expected ec2 with GPUs/],
    [{ architecture: "arm64", gpu: {} }, /--architecture: expected x86_64 with GPUs/],
    [{ gpu: { instanceTypes: ["p3"] } }, /--gpu-instance-types: expected types or families of/],
    [{ gpu: { instanceTypes: [] } }, /--gpu-instance-types: expected at least one/],
    [{ gpu: { gpus: 0 } }, /--gpus: /],
    [{ gpu: { image: "cuda" } }, /--gpu-image: /],
  ];
  for (const [choices, message] of wrong) {
    it(`refuse ${JSON.stringify(choices).slice(0, 80)}`, () => {
      expect(() => provisionSettings({ ...COMMON, ...choices })).toThrow(message);
    });
  }

  it("say nothing of what is wrong for no reason of its own", () => {
    expect(() => provisionSettings({ ...ACCOUNT, job: { memoryMiB: 0 } })).toThrow(
      /^\[config\] --memory: expected a whole number of MiB from 128 to 25000000, got 0$/,
    );
  });

  it("are told all that is wrong at once", () => {
    expect(() => provisionSettings({ ...ACCOUNT, deployment: "A", maxVcpus: -1 })).toThrow(
      /--prefix: .*\n--max-vcpus: /,
    );
  });
});
