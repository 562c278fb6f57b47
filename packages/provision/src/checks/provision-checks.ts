import { type AbortOptions, type Check, type Finding, ok } from "@scaler-aws-hpc/adapter-core";
import { accountCheck } from "./account-check.ts";
import type { CheckedAccount } from "./account-port.ts";
import { callerFindings } from "./caller-findings.ts";
import { networkFindings } from "./network-findings.ts";
import { unlessDenied } from "./role-findings.ts";

/** What making a deployment needs: the calls of CloudFormation are made with the caller's own permissions. */
const ACTIONS: readonly string[] = [
  "cloudformation:CreateChangeSet",
  "cloudformation:ExecuteChangeSet",
  "cloudformation:DescribeStacks",
  "s3:CreateBucket",
  "s3:PutLifecycleConfiguration",
  "ecr:CreateRepository",
  "ecr:PutImage",
  "logs:CreateLogGroup",
  "iam:CreateRole",
  "iam:PassRole",
  "iam:CreateInstanceProfile",
  "ec2:CreateSecurityGroup",
  "ec2:CreateLaunchTemplate",
  "batch:CreateComputeEnvironment",
  "batch:CreateJobQueue",
  "batch:RegisterJobDefinition",
];

/** Preconditions of `provision` with its defaults, in an account in which nothing of ours is yet. */
export function provisionChecks(account: () => Promise<CheckedAccount>): readonly Check[] {
  return [
    accountCheck(account),
    {
      id: "provision-permissions",
      group: "Provisioning",
      title: "permissions",
      needs: ["aws-account"],
      async run(options) {
        return await callerFindings(await account(), [{ actions: ACTIONS, resource: "*" }], options);
      },
    },
    {
      id: "provision-network",
      group: "Provisioning",
      title: "subnets",
      needs: ["aws-account"],
      limitMs: 30_000,
      run: async (options) => await defaultNetwork(await account(), options),
    },
    {
      id: "provision-engine",
      group: "Provisioning",
      title: "container engine",
      async run(options) {
        const { findEngine } = await import("../images/index.ts");
        return [ok(`${await findEngine(undefined, options.signal ? { signal: options.signal } : {})} works`)];
      },
    },
  ];
}

/** The subnets that are taken where none are named. */
async function defaultNetwork(account: CheckedAccount, options: AbortOptions): Promise<readonly Finding[]> {
  const looked = await unlessDenied("ec2:DescribeVpcs and other ec2:Describe actions", async () => {
    const { findNetwork } = await import("../account/network.ts");
    const { subnets } = await findNetwork(account.region, {}, options);
    return { facts: await account.network(subnets, [], options) };
  });
  if ("warning" in looked) return [looked.warning];
  return networkFindings(looked.facts, { fargate: false, assignsAddress: false });
}
