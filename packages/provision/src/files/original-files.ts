import type { ProvisionSettings } from "../settings/provision-settings.ts";
import type { TomlValues } from "./toml-file.ts";

/** What the original's provisioner saves of what it made, with its names for it. */
export interface OriginalConfig {
  readonly aws_region: string;
  readonly aws_account_id: string;
  readonly prefix: string;
  readonly compute_type: string;
  readonly s3_bucket: string;
  readonly s3_prefix: string;
  readonly iam_role_arn: string;
  readonly compute_environment_arn: string;
  readonly job_queue_arn: string;
  readonly job_queue_name: string;
  readonly job_definition_arn: string;
  readonly job_definition_name: string;
  readonly container_image: string;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly instance_types: readonly string[];
}

/** Parts of {@link OriginalConfig} that only the account knows. */
export interface MadeResources {
  readonly jobRoleArn: string;
  readonly environmentArn: string;
  readonly queueArn: string;
  readonly queue: string;
  readonly definitionArn: string;
  readonly definition: string;
  readonly image: string;
}

/** The original's JSON file of this deployment. */
export function originalConfig(settings: ProvisionSettings, made: MadeResources): OriginalConfig {
  return {
    aws_region: settings.region,
    aws_account_id: settings.accountId,
    prefix: settings.deployment,
    compute_type: settings.compute.toUpperCase(),
    s3_bucket: settings.bucket,
    s3_prefix: settings.prefix,
    iam_role_arn: made.jobRoleArn,
    compute_environment_arn: made.environmentArn,
    job_queue_arn: made.queueArn,
    job_queue_name: made.queue,
    job_definition_arn: made.definitionArn,
    job_definition_name: made.definition,
    container_image: made.image,
    vcpus: settings.job.vcpus,
    memory_mb: settings.job.memoryMiB,
    instance_types: settings.instanceTypes,
  };
}

/** The same as text, as the original writes it. */
export const originalJson = (config: OriginalConfig): string => JSON.stringify(config, undefined, 2);

/** Variables by key of the file for `start`; the first four are the original's, the others are written where `start` would have another value by itself. */
const VARIABLES = {
  aws_region: "SCALER_AWS_REGION",
  s3_bucket: "SCALER_S3_BUCKET",
  job_queue: "SCALER_JOB_QUEUE",
  job_definition: "SCALER_JOB_DEFINITION",
  node_job_definition: "SCALER_NODE_JOB_DEFINITION",
  s3_prefix: "SCALER_AWS_HPC_S3_PREFIX",
} as const;

/** What `start` has where nothing says it. */
const START_PREFIX = "scaler-tasks";

/** The original's file for `source`: values in double quotes, none of which may hold what a shell reads in them; names of AWS hold nothing of it. */
export function originalEnvironment(start: TomlValues): string {
  return Object.entries(VARIABLES)
    .filter(([key]) => start[key] !== undefined && !(key === "s3_prefix" && start[key] === START_PREFIX))
    .map(([key, name]) => `export ${name}="${start[key]}"\n`)
    .join("");
}
