import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { resourceNames } from "./resource-names.ts";

/** What an ARN needs of settings. */
export type ArnPlace = Pick<ProvisionSettings, "partition" | "region" | "accountId">;

/** An ARN of a resource in the deployment's account and region. */
export function regionalArn({ partition, region, accountId }: ArnPlace, service: string, resource: string): string {
  return `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
}

/** An ARN of IAM, which knows no regions. */
export function iamArn({ partition, accountId }: ArnPlace, resource: string): string {
  return `arn:${partition}:iam::${accountId}:${resource}`;
}

/** ARN of the bucket, or of the objects whose names match `objects` below the prefix. */
export function bucketArn({ partition, bucket, prefix }: ProvisionSettings, objects?: string): string {
  const arn = `arn:${partition}:s3:::${bucket}`;
  return objects === undefined ? arn : `${arn}/${prefix === "" ? "" : `${prefix}/`}${objects}`;
}

/** What `start`, `doctor` and the other stack need of a deployment, by ARN. Known before anything exists: made of settings alone. */
export interface DeploymentArns {
  readonly jobRole: string;
  readonly executionRole: string;
  readonly instanceProfile: string;
  readonly managerPolicy: string;
  readonly bucket: string;
  readonly repository: string;
  readonly queue: string;
  /** Without a revision: the name alone is what `start` is given, and means the latest one. */
  readonly definition: string;
}

/** ARNs of what {@link resourceNames} names. */
export function deploymentArns(settings: ProvisionSettings): DeploymentArns {
  const names = resourceNames(settings);
  return {
    jobRole: iamArn(settings, `role/${names.jobRole}`),
    executionRole: iamArn(settings, `role/${names.executionRole}`),
    instanceProfile: iamArn(settings, `instance-profile/${names.instanceProfile}`),
    managerPolicy: iamArn(settings, `policy/${names.managerPolicy}`),
    bucket: bucketArn(settings),
    repository: regionalArn(settings, "ecr", `repository/${settings.repository}`),
    queue: regionalArn(settings, "batch", `job-queue/${names.queue}`),
    definition: regionalArn(settings, "batch", `job-definition/${names.definition}`),
  };
}

/** What docker calls the repository: registry and name, without a tag. */
export function repositoryUri({ accountId, region, partition, repository }: ProvisionSettings): string {
  return `${accountId}.dkr.ecr.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}/${repository}`;
}
