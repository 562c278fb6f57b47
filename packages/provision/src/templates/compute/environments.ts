import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { deploymentArns } from "../arns.ts";
import { DEPLOYMENT_TAG, tagMap } from "../tags.ts";
import type { Json, Resource } from "../template.ts";

/** An environment that a deployment has, in the order in which its queue tries them. */
export interface PlannedEnvironment {
  /** Logical id in the compute stack. */
  readonly id: string;
  /** Whether jobs with GPUs go here. */
  readonly gpu: boolean;
  readonly type: "EC2" | "SPOT" | "FARGATE" | "FARGATE_SPOT";
  readonly maxVcpus: number;
  /** None on Fargate. */
  readonly instanceTypes: readonly string[];
}

// Longest that UpdatePolicy takes. Source: UpdateComputeEnvironment of the Batch API.
const MOST_MINUTES = 360;

/** Which environments settings ask for: also what a ceiling of costs is computed from. */
export function plannedEnvironments(settings: ProvisionSettings): readonly PlannedEnvironment[] {
  const { compute, maxVcpus, instanceTypes, gpu } = settings;
  // Another architecture is another environment, made before the old one goes.
  const arm = settings.architecture === "arm64" ? "Arm" : "";
  const plain = purchases(settings).map((spot): PlannedEnvironment => {
    if (compute === "fargate") {
      const type = spot ? "FARGATE_SPOT" : "FARGATE";
      return { id: `${arm}${spot ? "FargateSpot" : "Fargate"}`, gpu: false, type, maxVcpus, instanceTypes: [] };
    }
    return {
      id: `${arm}${spot ? "Spot" : "OnDemand"}`,
      gpu: false,
      type: spot ? "SPOT" : "EC2",
      maxVcpus,
      instanceTypes,
    };
  });
  if (gpu === undefined) return plain;
  const graphics = purchases(settings).map((spot): PlannedEnvironment => {
    const { maxVcpus, instanceTypes } = gpu;
    return { id: spot ? "GpuSpot" : "GpuOnDemand", gpu: true, type: spot ? "SPOT" : "EC2", maxVcpus, instanceTypes };
  });
  return [...plain, ...graphics];
}

/** Whether each environment is one of Spot, in the order of the queue. */
function purchases({ purchase }: ProvisionSettings): readonly boolean[] {
  if (purchase === "spot-first") return [true, false];
  return [purchase === "spot"];
}

/**
 * A managed environment. It has no name, so that CloudFormation can make a new one before it removes the old one where it must; everything but its kind and its tags is changed
 * in place, and jobs that run may go on for six hours, the longest that Batch waits. Its own tags are only ours: a change of tags would replace it, and end its jobs. The machines' tags, which costs are told apart by, are all.
 * Scales down to nothing.
 */
export function computeEnvironment(
  settings: ProvisionSettings,
  planned: PlannedEnvironment,
  subnets: readonly string[],
): Resource {
  const { serviceRoleArn, deployment, jobTimeoutMinutes } = settings;
  const fargate = planned.type.startsWith("FARGATE");
  return {
    Type: "AWS::Batch::ComputeEnvironment",
    Properties: {
      Type: "MANAGED",
      State: "ENABLED",
      ...(serviceRoleArn !== undefined && { ServiceRole: serviceRoleArn }),
      ReplaceComputeEnvironment: false,
      ...(!fargate && {
        UpdatePolicy: {
          TerminateJobsOnUpdate: false,
          JobExecutionTimeoutMinutes: Math.min(MOST_MINUTES, jobTimeoutMinutes),
        },
      }),
      ComputeResources: {
        Type: planned.type,
        MaxvCpus: planned.maxVcpus,
        Subnets: subnets,
        SecurityGroupIds: [{ "Fn::GetAtt": ["SecurityGroup", "GroupId"] }],
        ...(!fargate && machines(settings, planned)),
      },
      Tags: { [DEPLOYMENT_TAG]: deployment },
    },
  };
}

function machines(settings: ProvisionSettings, { type, gpu, instanceTypes }: PlannedEnvironment): Record<string, Json> {
  return {
    MinvCpus: 0,
    InstanceTypes: instanceTypes,
    // What AWS advises for each; BEST_FIT, the default, allows no change in place.
    AllocationStrategy: type === "SPOT" ? "SPOT_PRICE_CAPACITY_OPTIMIZED" : "BEST_FIT_PROGRESSIVE",
    InstanceRole: deploymentArns(settings).instanceProfile,
    Ec2Configuration: [{ ImageType: gpu ? "ECS_AL2023_NVIDIA" : "ECS_AL2023" }],
    // Whenever machines are renewed anyway, on the newest image.
    UpdateToLatestImageVersion: true,
    LaunchTemplate: {
      LaunchTemplateId: { Ref: "LaunchTemplate" },
      // Not $Latest: that would stand for whatever was latest when the environment last changed.
      Version: { "Fn::GetAtt": ["LaunchTemplate", "LatestVersionNumber"] },
    },
    Tags: tagMap(settings),
  };
}
