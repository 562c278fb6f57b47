import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { regionalArn } from "../arns.ts";
import { type PolicyDocument, policy } from "./policy-document.ts";

/** Who may take the job role and the execution role: ECS, and only for tasks of this account in this region. */
export function taskTrust(settings: ProvisionSettings): PolicyDocument {
  return policy({
    Sid: "TasksOfThisAccount",
    Effect: "Allow",
    Principal: { Service: "ecs-tasks.amazonaws.com" },
    Action: ["sts:AssumeRole"],
    Condition: {
      StringEquals: { "aws:SourceAccount": settings.accountId },
      ArnLike: { "aws:SourceArn": regionalArn(settings, "ecs", "*") },
    },
  });
}

/** Who may take the instance role: machines of EC2. It comes to one only through its profile, which needs iam:PassRole in this account. */
export function machineTrust(): PolicyDocument {
  return policy({
    Sid: "Machines",
    Effect: "Allow",
    Principal: { Service: "ec2.amazonaws.com" },
    Action: ["sts:AssumeRole"],
  });
}
