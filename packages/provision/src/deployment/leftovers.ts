import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { Account } from "../account/account.ts";
import type { StackResource } from "../stacks/stack-service.ts";

/** Something of a deployment that is still there. */
export interface Leftover {
  /** Such as `AWS::Batch::JobQueue`. */
  readonly type: string;
  readonly name: string;
  readonly why: string;
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
  // Things of several types have the same name.
  const left = new Map<string, Leftover>();
  for (const { type, physicalId = "", status, statusReason } of kept) {
    left.set(`${type} ${physicalId}`, { type, name: physicalId, why: statusReason ?? status });
  }
  for (const { type, physicalId } of before) {
    if (physicalId === undefined || left.has(`${type} ${physicalId}`)) continue;
    if (await isThere(account, type, physicalId, options)) {
      left.set(`${type} ${physicalId}`, {
        type,
        name: physicalId,
        why: "CloudFormation said that it was deleted, and it is there",
      });
    }
  }
  return [...left.values()];
}

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
