import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { regionalArn } from "../arns.ts";
import { allow, type PolicyDocument, policy } from "./policy-document.ts";

/**
 * What the agent of ECS does on a machine of Batch. The actions of AmazonEC2ContainerServiceforEC2Role without what an execution role does instead (pull images, write logs)
 * and without making clusters, which Batch does itself; in this account and region alone. Names of clusters and machines are Batch's to choose.
 * Source: the managed policy, and the service authorization reference of ECS.
 */
export function instancePolicy(settings: ProvisionSettings): PolicyDocument {
  const clusters = regionalArn(settings, "ecs", "cluster/*");
  const machines = regionalArn(settings, "ecs", "container-instance/*");
  const tasks = regionalArn(settings, "ecs", "task/*");
  return policy(
    allow("FindService", ["ecs:DiscoverPollEndpoint", "ec2:DescribeTags"], ["*"]),
    allow(
      "JoinCluster",
      [
        "ecs:RegisterContainerInstance",
        "ecs:DeregisterContainerInstance",
        "ecs:SubmitAttachmentStateChanges",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitTaskStateChange",
      ],
      [clusters],
    ),
    allow(
      "TakeTasks",
      ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState", "ecs:ListTagsForResource"],
      [machines, tasks],
    ),
    allow("TagItself", ["ecs:TagResource"], [machines], {
      StringEquals: { "ecs:CreateAction": "RegisterContainerInstance" },
    }),
  );
}
