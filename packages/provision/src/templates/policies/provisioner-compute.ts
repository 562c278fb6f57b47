import { VCPU_QUOTAS } from "../../quotas/vcpu-quotas.ts";
import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { regionalArn } from "../arns.ts";
import { allow, type PolicyStatement } from "./policy-document.ts";

const SEE_NETWORK = [
  "ec2:DescribeInstances",
  "ec2:DescribeLaunchTemplateVersions",
  "ec2:DescribeLaunchTemplates",
  "ec2:DescribeRouteTables",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcEndpoints",
  "ec2:DescribeVpcs",
];

const SEE_BATCH = [
  "batch:DescribeComputeEnvironments",
  "batch:DescribeJobDefinitions",
  "batch:DescribeJobQueues",
  "batch:ListJobs",
];

const SECURITY_GROUP = [
  "ec2:AuthorizeSecurityGroupEgress",
  "ec2:CreateSecurityGroup",
  "ec2:DeleteSecurityGroup",
  "ec2:RevokeSecurityGroupEgress",
  "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
];

const LAUNCH_TEMPLATE = ["ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion", "ec2:DeleteLaunchTemplate"];

const ENVIRONMENT = [
  "batch:CreateComputeEnvironment",
  "batch:DeleteComputeEnvironment",
  "batch:UpdateComputeEnvironment",
];

const QUEUE = ["batch:CreateJobQueue", "batch:DeleteJobQueue", "batch:UpdateJobQueue"];

const DEFINITION = ["batch:DeregisterJobDefinition", "batch:RegisterJobDefinition"];

/** Of the statement without which everything works but the look at quotas. */
export const QUOTA_STATEMENT = "SeeQuotas";

/** For the security group, the launch template, environments, queues and definitions, and for the jobs that a destroy is to end. */
export function computeStatements(settings: ProvisionSettings): readonly PolicyStatement[] {
  const { deployment, vpcId } = settings;
  const ec2 = (resource: string): string => regionalArn(settings, "ec2", resource);
  const batch = (resource: string): string => regionalArn(settings, "batch", resource);
  const environments = batch("compute-environment/*");
  // Every kind that this deployment may change to; no other one's name has an underscore.
  const queues = [batch(`job-queue/${deployment}`), batch(`job-queue/${deployment}_*`)];
  const definitions = ["", ":*", "_*"].map((end) => batch(`job-definition/${deployment}${end}`));
  const quotas = VCPU_QUOTAS.map(({ service, code }) => regionalArn(settings, "servicequotas", `${service}/${code}`));
  const group = ec2("security-group/*");
  const template = ec2("launch-template/*");
  return [
    allow("SeeNetworkAndBatch", [...SEE_NETWORK, ...SEE_BATCH], ["*"]),
    // Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
    allow(QUOTA_STATEMENT, ["servicequotas:GetServiceQuota"], quotas),
    allow("SecurityGroup", SECURITY_GROUP, [group, ec2(`vpc/${vpcId ?? "*"}`)]),
    allow("LaunchTemplate", LAUNCH_TEMPLATE, [template]),
    allow("TagNetwork", ["ec2:CreateTags", "ec2:DeleteTags"], [group, template]),
    allow("Environments", ENVIRONMENT, [environments]),
    allow("Queues", QUEUE, [...queues, environments]),
    allow("Definitions", DEFINITION, definitions),
    allow("TagBatch", ["batch:TagResource", "batch:UntagResource"], [environments, ...queues, ...definitions]),
    allow("EndJobs", ["batch:TerminateJob"], [batch("job/*")]),
  ];
}
