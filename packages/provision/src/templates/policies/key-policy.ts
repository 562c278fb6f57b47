import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { regionalArn } from "../arns.ts";
import { resourceNames } from "../resource-names.ts";
import type { PolicyStatement } from "./policy-document.ts";

/**
 * What the policy of the user's KMS key must say besides, so that CloudWatch Logs may encrypt our log group with it: without this CloudFormation cannot make the group. Users of the bucket
 * need nothing there, as long as the key's policy lets the account's own policies count, which is what AWS puts into a new one.
 * Source: the CloudWatch Logs user guide on encryption with AWS KMS.
 */
export function keyPolicyStatement(settings: ProvisionSettings): PolicyStatement {
  const { region, partition } = settings;
  const group = regionalArn(settings, "logs", `log-group:${resourceNames(settings).logGroup}`);
  return {
    Sid: "LogsOfScalerAwsHpc",
    Effect: "Allow",
    Principal: { Service: `logs.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}` },
    Action: [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ],
    // In a key's policy that is the key.
    Resource: ["*"],
    Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": group } },
  };
}
