import { type ProvisionChoices, type ProvisionSettings, provisionSettings } from "../src/settings/index.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/** What every variant says; the rest is defaults. */
export const COMMON: ProvisionChoices = {
  region: "eu-west-1",
  accountId: "123456789012",
  vpcId: "vpc-0123456789abcdef0",
  subnets: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
  image: `${REGISTRY}/scaler-aws-hpc@${DIGEST}`,
};

const CHOICES: Readonly<Record<string, Partial<ProvisionChoices>>> = {
  default: {},
  spot: { purchase: "spot", instanceTypes: ["c7i", "m7i.large"], maxVcpus: 64, prefix: "" },
  "on-demand": { purchase: "on-demand", deployment: "team-a", tags: { team: "a", "cost center": "42" } },
  fargate: { compute: "fargate", assignPublicIp: false },
  arm64: { architecture: "arm64" },
  "fargate-arm64": { compute: "fargate", architecture: "arm64", purchase: "on-demand" },
  gpu: { gpu: { image: `${REGISTRY}/cuda@${DIGEST}`, maxVcpus: 32 } },
  node: { node: { image: `${REGISTRY}/scaler-aws-hpc:node-1` } },
  "node-fargate": { compute: "fargate", architecture: "arm64", purchase: "on-demand", node: { image: "own/node:1" } },
  kms: { kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef" },
  china: { region: "cn-north-1", image: `public.ecr.aws/x/y@${DIGEST}` },
};

/** The variants that golden files and cfn-lint are about, by name. */
export const VARIANTS: ReadonlyMap<string, ProvisionSettings> = new Map(
  Object.entries(CHOICES).map(([name, choices]) => [name, provisionSettings({ ...COMMON, ...choices })]),
);
