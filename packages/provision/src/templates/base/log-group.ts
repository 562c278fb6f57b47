import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { resourceNames } from "../resource-names.ts";
import { tagList } from "../tags.ts";
import type { Resource } from "../template.ts";

/** A log group of the deployment's own: /aws/batch/job, which Batch would use, is every queue's of the account, and so is its retention. */
export function logGroupResources(settings: ProvisionSettings): Readonly<Record<string, Resource>> {
  const { kmsKeyArn, logRetentionDays } = settings;
  return {
    LogGroup: {
      Type: "AWS::Logs::LogGroup",
      DeletionPolicy: "Delete",
      UpdateReplacePolicy: "Delete",
      Properties: {
        LogGroupName: resourceNames(settings).logGroup,
        RetentionInDays: logRetentionDays,
        ...(kmsKeyArn !== undefined && { KmsKeyId: kmsKeyArn }),
        Tags: tagList(settings),
      },
    },
  };
}
