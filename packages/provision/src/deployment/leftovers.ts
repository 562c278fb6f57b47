import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { Account } from "../account/account.ts";
import type { StackResource } from "../stacks/stack-service.ts";
import type { Deployment } from "./deployment.ts";

/** Something of a deployment that is still there. */
export interface Leftover {
  /** Such as `AWS::Batch::JobQueue`. */
  readonly type: string;
  readonly name: string;
  readonly why: string;
  /** What to do about it: commands, or words. */
  readonly next: string;
}

/**
 * What is still there of what the stacks held, after they were deleted: what CloudFormation says it could not delete or left on purpose, and what
 * is found where it was. Only reads.
 *
 * @param before resources of both stacks before they were deleted
 * @param kept what CloudFormation says of them afterwards
 */
export async function findLeftovers(
  account: Account,
  before: readonly StackResource[],
  kept: readonly StackResource[],
  options: AbortOptions = {},
): Promise<readonly Leftover[]> {
  const { region } = account;
  // Things of several types have the same name.
  const left = new Map<string, Leftover>();
  for (const { type, physicalId = "", status, statusReason } of kept) {
    left.set(`${type} ${physicalId}`, {
      type,
      name: physicalId,
      why: statusReason ?? status,
      next: removal(type, physicalId, region),
    });
  }
  for (const { type, physicalId } of before) {
    if (physicalId === undefined || left.has(`${type} ${physicalId}`)) continue;
    if (await isThere(account, type, physicalId, options)) {
      left.set(`${type} ${physicalId}`, {
        type,
        name: physicalId,
        why: "CloudFormation said that it was deleted, and it is there",
        next: removal(type, physicalId, region),
      });
    }
  }
  return [...left.values()];
}

/** What a deployment left behind when it got another one, as far as it is still there. Only reads. */
export async function findLeftBehind(
  { account, left }: Pick<Deployment, "account" | "left">,
  options: AbortOptions = {},
): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  for (const { type, name } of left) {
    if (!(await isThere(account, type, name, options))) continue;
    const why = "the deployment had it before it was replaced, and leaves it with what is in it";
    found.push({ type, name, why, next: removal(type, name, account.region) });
  }
  return found;
}

/** How a resource is removed by hand. */
function removal(type: string, id: string, region: string): string {
  const batch = `aws batch --region ${region}`;
  switch (type) {
    case "AWS::Batch::JobQueue":
      return `${batch} update-job-queue --state DISABLED --job-queue ${id}; ${batch} delete-job-queue --job-queue ${id}`;
    case "AWS::Batch::ComputeEnvironment":
      return `${batch} update-compute-environment --state DISABLED --compute-environment ${id}; ${batch} delete-compute-environment --compute-environment ${id}`;
    case "AWS::Batch::JobDefinition":
      return `${batch} deregister-job-definition --job-definition ${definitionName(id)}:REVISION`;
    case "AWS::S3::Bucket":
      return `aws s3 rb --force s3://${id}`;
    case "AWS::ECR::Repository":
      return `aws ecr delete-repository --region ${region} --force --repository-name ${id}`;
    default:
      return "remove what uses it, then `destroy` again";
  }
}

/** For a person. */
export const leftoverText = ({ type, name, why, next }: Leftover): string =>
  `left: ${type} ${name}: ${why}; next: ${next}`;

/** Whether a resource is there, of the kinds that cost money, hold data or are in the way of the next deployment of this name. */
async function isThere(account: Account, type: string, id: string, options: AbortOptions): Promise<boolean> {
  const { batch, buckets, repositories } = account;
  switch (type) {
    case "AWS::Batch::JobQueue":
      return await batch.queueExists(id, options);
    case "AWS::Batch::ComputeEnvironment":
      return await batch.environmentExists(id, options);
    case "AWS::Batch::JobDefinition":
      return (await batch.activeDefinitions(definitionName(id), options)).length > 0;
    case "AWS::S3::Bucket":
      return (await buckets.owner(id, options)) === "account";
    case "AWS::ECR::Repository":
      return await repositories.exists(id, options);
    default:
      return false;
  }
}

/** Name in an ARN of a definition: `...:job-definition/NAME:REVISION`. */
export const definitionName = (arn: string): string => arn.replace(/^.*job-definition\//, "").replace(/:\d+$/, "");
