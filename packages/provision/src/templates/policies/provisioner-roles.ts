import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { deploymentArns, iamArn } from "../arns.ts";
import { resourceNames } from "../resource-names.ts";
import { allow, type PolicyStatement } from "./policy-document.ts";

const ROLE = [
  "iam:CreateRole",
  "iam:DeleteRole",
  "iam:DeleteRolePolicy",
  "iam:GetRole",
  "iam:GetRolePolicy",
  "iam:ListAttachedRolePolicies",
  "iam:ListRolePolicies",
  "iam:PutRolePolicy",
  "iam:TagRole",
  "iam:UntagRole",
  "iam:UpdateAssumeRolePolicy",
  "iam:UpdateRole",
  "iam:UpdateRoleDescription",
];

const PROFILE = [
  "iam:AddRoleToInstanceProfile",
  "iam:CreateInstanceProfile",
  "iam:DeleteInstanceProfile",
  "iam:GetInstanceProfile",
  "iam:RemoveRoleFromInstanceProfile",
];

const POLICY = [
  "iam:CreatePolicy",
  "iam:CreatePolicyVersion",
  "iam:DeletePolicy",
  "iam:DeletePolicyVersion",
  "iam:GetPolicy",
  "iam:GetPolicyVersion",
  "iam:ListEntitiesForPolicy",
  "iam:ListPolicyVersions",
];

/** Service-linked roles that an account gets with its first environment, and the services they are for. */
const LINKED = [
  ["batch.amazonaws.com", "AWSServiceRoleForBatch"],
  ["spot.amazonaws.com", "AWSServiceRoleForEC2Spot"],
] as const;

/**
 * For the roles of this deployment and the manager's policy, by name: none of them can be attached to anything, and a role can be given to the service alone that it is for. Whoever has
 * these rights decides what the roles may do; there is no way to make roles without that.
 */
export function roleStatements(settings: ProvisionSettings): readonly PolicyStatement[] {
  const { instanceRole, ...names } = resourceNames(settings);
  const arns = deploymentArns(settings);
  const machines = iamArn(settings, `role/${instanceRole}`);
  const linked = LINKED.map(([service, name]) => iamArn(settings, `role/aws-service-role/${service}/${name}`));
  const services = LINKED.map(([service]) => service);
  const batchRole = settings.serviceRoleArn ?? linked[0];
  return [
    allow("Roles", ROLE, [arns.jobRole, arns.executionRole, machines]),
    allow("InstanceProfile", PROFILE, [arns.instanceProfile]),
    allow("ManagerPolicy", POLICY, [iamArn(settings, `policy/${names.managerPolicy}`)]),
    allow("PassToTasks", ["iam:PassRole"], [arns.jobRole, arns.executionRole], {
      StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
    }),
    allow("PassToMachines", ["iam:PassRole"], [machines], {
      StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com", "batch.amazonaws.com"] },
    }),
    allow("PassToBatch", ["iam:PassRole"], batchRole === undefined ? [] : [batchRole], {
      StringEquals: { "iam:PassedToService": "batch.amazonaws.com" },
    }),
    allow("ServiceLinkedRoles", ["iam:CreateServiceLinkedRole"], linked, {
      StringEquals: { "iam:AWSServiceName": services },
    }),
    allow("FindServiceLinkedRoles", ["iam:GetRole"], linked),
  ];
}
