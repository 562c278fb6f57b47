import type { GpuSettings, JobSize, NodeSettings, Partition, ProvisionSettings } from "./provision-settings.ts";

/** Name of a deployment when the user gives none. */
export const DEFAULT_DEPLOYMENT = "scaler-aws-hpc";

type Plain = Omit<ProvisionSettings, "region" | "accountId" | "job" | "gpu" | "node">;

/** What a caller may say: the account and the region, and whatever is not to be the default. `undefined` means the default. */
export type ProvisionChoices = { readonly [K in keyof Plain]?: Plain[K] | undefined } & {
  readonly region: string;
  readonly accountId: string;
  readonly job?: { readonly [K in keyof JobSize]?: JobSize[K] | undefined } | undefined;
  readonly gpu?: { readonly [K in keyof GpuSettings]?: GpuSettings[K] | undefined } | undefined;
  readonly node?: { readonly [K in keyof NodeSettings]?: NodeSettings[K] | undefined } | undefined;
};

/** Every default in one place. Nothing is checked here. */
export function withDefaults(choices: ProvisionChoices): ProvisionSettings {
  const { region, accountId } = choices;
  const deployment = choices.deployment ?? DEFAULT_DEPLOYMENT;
  const compute = choices.compute ?? "ec2";
  const architecture = choices.architecture ?? "x86_64";
  const maxVcpus = choices.maxVcpus ?? 256;
  // Nine tenths of 2 GiB: two such jobs fit on a machine that says 4 GiB, beside its agent.
  const memoryMiB = choices.job?.memoryMiB ?? (compute === "fargate" ? 2048 : 1843);
  return {
    deployment,
    region,
    accountId,
    partition: choices.partition ?? partitionOf(region),
    bucket: choices.bucket ?? `${deployment}-${accountId}-${region}`,
    prefix: (choices.prefix ?? "scaler-tasks").replace(/^\/+|\/+$/g, ""),
    lifecycleDays: choices.lifecycleDays ?? 14,
    kmsKeyArn: choices.kmsKeyArn,
    repository: choices.repository ?? deployment,
    logRetentionDays: choices.logRetentionDays ?? 30,
    tags: choices.tags ?? {},
    compute,
    purchase: choices.purchase ?? "spot-first",
    architecture,
    instanceTypes:
      choices.instanceTypes ?? (compute === "fargate" ? [] : [architecture === "arm64" ? "default_arm64" : "optimal"]),
    maxVcpus,
    vpcId: choices.vpcId,
    subnets: choices.subnets ?? [],
    serviceRoleArn: choices.serviceRoleArn,
    assignPublicIp: choices.assignPublicIp ?? true,
    image: choices.image,
    job: { vcpus: choices.job?.vcpus ?? 1, memoryMiB },
    tmpMiB: choices.tmpMiB ?? Math.min(512, Math.floor(memoryMiB / 2)),
    jobTimeoutMinutes: choices.jobTimeoutMinutes ?? 1440,
    gpu: choices.gpu && gpuWithDefaults(choices.gpu, maxVcpus),
    node: choices.node && { image: choices.node.image },
  };
}

function gpuWithDefaults(gpu: NonNullable<ProvisionChoices["gpu"]>, maxVcpus: number): GpuSettings {
  return {
    instanceTypes: gpu.instanceTypes ?? ["g4dn", "g5", "g6"],
    gpus: gpu.gpus ?? 1,
    // What the smallest machine of these families has, which is 4 vCPUs and 16 GiB.
    vcpus: gpu.vcpus ?? 4,
    memoryMiB: gpu.memoryMiB ?? 14_745,
    maxVcpus: gpu.maxVcpus ?? maxVcpus,
    image: gpu.image,
  };
}

/** Partition of a region: its name begins with it. */
export function partitionOf(region: string): Partition {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Whether a name is built as AWS builds those of regions: new ones are not known here. */
export const isRegion = (name: string): boolean => /^[a-z]{2,5}(?:-[a-z]+)+-\d{1,2}$/.test(name);
