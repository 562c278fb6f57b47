/** Processors of the machines. A queue of AWS Batch holds one architecture only. */
export type Architecture = "x86_64" | "arm64";

/** What jobs run on: machines of the account that Batch starts and ends, or Fargate. */
export type ComputeKind = "ec2" | "fargate";

/**
 * How capacity is bought, and in which order Batch tries it: `spot` and `on-demand` have one environment, `spot-first` has a Spot environment and
 * an On-Demand one behind it in the same queue.
 */
export type Purchase = "spot" | "on-demand" | "spot-first";

/** Partition of AWS that a region belongs to: the second field of every ARN. */
export type Partition = "aws" | "aws-cn" | "aws-us-gov";

/** What one job asks Batch for; a profile of `start` may ask for more or less. */
export interface JobSize {
  /** vCPUs: whole numbers from 1 on EC2; also 0.25 and 0.5 on Fargate, which has fixed pairs with memory. */
  readonly vcpus: number;
  /** MiB. On EC2 a machine's agent and kernel keep about a tenth of what is printed on it. */
  readonly memoryMiB: number;
}

/** A second queue, environment and definition, for jobs on machines with GPUs. */
export interface GpuSettings extends JobSize {
  /** Types or families with NVIDIA GPUs, such as `g5` or `g6.xlarge`; not p3 and g3, which the image of Amazon Linux 2023 does not know. */
  readonly instanceTypes: readonly string[];
  /** GPUs of one job, from 1. */
  readonly gpus: number;
  /** Most vCPUs of each environment of this queue. */
  readonly maxVcpus: number;
  /** Image of these jobs, pinned as {@link ProvisionSettings.image}; `undefined`: that one. */
  readonly image: string | undefined;
}

/** A second job definition for the runner of JavaScript tasks, on the same queue. */
export interface NodeSettings {
  /** Its image, pinned as {@link ProvisionSettings.image}; the compute stack needs it. */
  readonly image: string | undefined;
}

/**
 * Everything that decides what a deployment consists of: both templates and every policy are functions of this value alone. Made and checked by
 * `provisionSettings`, which knows the defaults; plain data, so that it can be compared, printed and written to a file.
 */
export interface ProvisionSettings {
  /** Name of the deployment, and the beginning of all names: 2 to 32 of a-z 0-9 and single hyphens, a letter first. @default "scaler-aws-hpc" */
  readonly deployment: string;
  /** Such as `eu-west-1`. */
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  /** @default that of the region */
  readonly partition: Partition;

  /** Bucket for bundles and results. @default `<deployment>-<account>-<region>` */
  readonly bucket: string;
  /** What the names of all objects begin with, without slashes at its ends; empty for nothing. @default "scaler-tasks" */
  readonly prefix: string;
  /** Days after which objects below the prefix, and uploads that were never finished, are removed. @default 14, at least 8: Batch knows a job for 7 */
  readonly lifecycleDays: number;
  /** ARN of the KMS key that encrypts the bucket and the logs; its policy must let CloudWatch Logs use it. `undefined`: keys of the services. */
  readonly kmsKeyArn: string | undefined;

  /** ECR repository of the images, lower case. @default the deployment */
  readonly repository: string;
  /** Days that logs of containers are kept; one of the numbers that CloudWatch Logs knows. @default 30 */
  readonly logRetentionDays: number;
  /** Tags of every resource, beside ours. @default none */
  readonly tags: Readonly<Record<string, string>>;

  /** @default "ec2" */
  readonly compute: ComputeKind;
  /** @default "spot-first" */
  readonly purchase: Purchase;
  /** @default "x86_64" */
  readonly architecture: Architecture;
  /** Types, families, or names that Batch has for several; nothing on Fargate. @default `["optimal"]` (the same as `default_x86_64`) or `["default_arm64"]`, on Fargate none */
  readonly instanceTypes: readonly string[];
  /** Most vCPUs of each environment: with `spot-first` there are two. @default 256, the original's */
  readonly maxVcpus: number;
  /** VPC of the subnets; the compute stack needs it. */
  readonly vpcId: string | undefined;
  /** Where machines and containers start; at least one for the compute stack. They need a way to S3, ECR, CloudWatch Logs and, on EC2, ECS. */
  readonly subnets: readonly string[];
  /**
   * ARN of the role that AWS Batch works with. @default none: the service-linked role AWSServiceRoleForBatch, which Batch makes when it is missing. With another one
   * environments cannot be changed in place.
   */
  readonly serviceRoleArn: string | undefined;
  /** Fargate only: whether tasks get a public address, without which those in a public subnet reach nothing. Nothing may connect to them either way. @default true */
  readonly assignPublicIp: boolean;

  /** Image of the Python runner, by digest (`name@sha256:...`) or a tag other than `latest`; the compute stack needs it. */
  readonly image: string | undefined;
  /** @default 1 vCPU with 1843 MiB (nine tenths of 2 GiB) on EC2, with 2048 MiB on Fargate */
  readonly job: JobSize;
  /** MiB of memory that `/tmp` and `/dev/shm` of a container may take each, on EC2, where its other files cannot be written; part of the job's memory. @default 512, at most half of the job's */
  readonly tmpMiB: number;
  /** Minutes after which Batch ends an attempt that nothing else ended: a backstop, packs run longer than a task. @default 1440 */
  readonly jobTimeoutMinutes: number;
  /** @default none */
  readonly gpu: GpuSettings | undefined;
  /** @default none */
  readonly node: NodeSettings | undefined;
}
