import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { deploymentArns } from "./arns.ts";
import { computeEnvironment, plannedEnvironments } from "./compute/environments.ts";
import { type DefinitionOrder, jobDefinition } from "./compute/job-definition.ts";
import { jobQueue } from "./compute/job-queue.ts";
import { launchTemplate } from "./compute/launch-template.ts";
import { securityGroup } from "./compute/security-group.ts";
import { resourceNames } from "./resource-names.ts";
import type { Resource, Template } from "./template.ts";

/**
 * The compute stack: what runs jobs of an image that was pushed. Security group, launch template, environments, queues, job definitions. It names what the base stack made, which
 * has to be there.
 *
 * @throws {AdapterError} `config` when `vpcId`, `subnets` or `image` is missing
 */
export function computeTemplate(settings: ProvisionSettings): Template {
  const { deployment, compute, subnets } = settings;
  const vpcId = needed(settings, "VPC", settings.vpcId);
  needed(settings, "subnets", subnets[0]);
  const names = resourceNames(settings);
  const environments = plannedEnvironments(settings);
  const ids = (gpu: boolean): readonly string[] => environments.filter((one) => one.gpu === gpu).map(({ id }) => id);
  const arns = deploymentArns(settings);
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `scaler-aws-hpc ${deployment}: what runs jobs`,
    Resources: {
      SecurityGroup: securityGroup(settings, vpcId),
      ...(compute === "ec2" && { LaunchTemplate: launchTemplate() }),
      ...Object.fromEntries(environments.map((one) => [one.id, computeEnvironment(settings, one, subnets)])),
      // Another kind of queue is another resource, made before the old one goes: see resourceNames.
      [`${suffix(settings)}Queue`]: jobQueue(settings, names.queue, ids(false)),
      ...(settings.gpu && { GpuQueue: jobQueue(settings, names.gpuQueue, ids(true)) }),
      ...definitions(settings),
    },
    Outputs: {
      JobQueue: { Description: "For --job-queue", Value: arns.queue },
      JobDefinition: { Description: "For --job-definition", Value: names.definition },
    },
  };
}

function definitions(settings: ProvisionSettings): Record<string, Resource> {
  const { job, gpu, node } = settings;
  const names = resourceNames(settings);
  const image = needed(settings, "image", settings.image);
  const kind = suffix(settings);
  const orders: Record<string, DefinitionOrder> = {
    [`${kind}Definition`]: { ...job, name: names.definition, image, gpus: 0 },
    ...(gpu && {
      GpuDefinition: {
        name: names.gpuDefinition,
        image: gpu.image ?? image,
        vcpus: gpu.vcpus,
        memoryMiB: gpu.memoryMiB,
        gpus: gpu.gpus,
      },
    }),
    ...(node && {
      [`${kind}NodeDefinition`]: {
        ...job,
        name: names.nodeDefinition,
        image: needed(settings, "an image for JavaScript tasks", node.image),
        gpus: 0,
      },
    }),
  };
  return Object.fromEntries(Object.entries(orders).map(([id, order]) => [id, jobDefinition(settings, order)]));
}

/** What a logical id says of what can never be changed in a queue or a definition. */
function suffix({ compute, architecture }: ProvisionSettings): string {
  return `${compute === "fargate" ? "Fargate" : ""}${architecture === "arm64" ? "Arm" : ""}Job`;
}

function needed(settings: ProvisionSettings, what: string, value: string | undefined): string {
  if (value !== undefined) return value;
  const text = `the compute stack of ${settings.deployment}: expected settings with ${what}, got none`;
  throw new AdapterError("config", text);
}
