import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { executionPolicy } from "../policies/execution-policy.ts";
import { instancePolicy } from "../policies/instance-policy.ts";
import { jobPolicy } from "../policies/job-policy.ts";
import { managerPolicy } from "../policies/manager-policy.ts";
import type { PolicyDocument } from "../policies/policy-document.ts";
import { machineTrust, taskTrust } from "../policies/trust-policies.ts";
import { resourceNames } from "../resource-names.ts";
import { tagList } from "../tags.ts";
import type { Json, Resource } from "../template.ts";

/**
 * The roles of jobs and machines, and the manager's policy, which belongs to nobody yet. Named, so that the compute stack knows them from the settings alone: no exports tie
 * the stacks together. Not among them: a role for Batch, which has a service-linked one, and one for Spot fleets, which only the strategy BEST_FIT needs.
 */
export function roleResources(settings: ProvisionSettings): Readonly<Record<string, Resource>> {
  const names = resourceNames(settings);
  const machines = settings.compute === "ec2";
  return {
    JobRole: role(settings, names.jobRole, taskTrust(settings), "payloads", jobPolicy(settings)),
    ExecutionRole: role(settings, names.executionRole, taskTrust(settings), "execution", executionPolicy(settings)),
    ...(machines && {
      InstanceRole: role(settings, names.instanceRole, machineTrust(), "agent", instancePolicy(settings)),
      InstanceProfile: {
        Type: "AWS::IAM::InstanceProfile",
        Properties: { InstanceProfileName: names.instanceProfile, Roles: [{ Ref: "InstanceRole" }] },
      },
    }),
    ManagerPolicy: {
      Type: "AWS::IAM::ManagedPolicy",
      Properties: {
        ManagedPolicyName: names.managerPolicy,
        // A description cannot be changed afterwards, so it says nothing that may.
        Description: `What the manager of ${settings.deployment} needs, and nothing more`,
        PolicyDocument: managerPolicy(settings),
      },
    },
  };
}

function role(
  settings: ProvisionSettings,
  name: string,
  trust: PolicyDocument,
  policyName: string,
  document: PolicyDocument,
): Resource {
  const policies: Json = [{ PolicyName: policyName, PolicyDocument: document }];
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: name,
      AssumeRolePolicyDocument: trust,
      Policies: policies,
      Tags: tagList(settings),
    },
  };
}
