import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { deploymentArns, repositoryUri } from "./arns.ts";
import { bucketResources } from "./base/bucket.ts";
import { logGroupResources } from "./base/log-group.ts";
import { repositoryResources } from "./base/repository.ts";
import { roleResources } from "./base/roles.ts";
import { resourceNames } from "./resource-names.ts";
import type { Template } from "./template.ts";

/** The base stack: what exists before an image can be pushed. Bucket, repository, log group, roles. Needs `CAPABILITY_NAMED_IAM`. */
export function baseTemplate(settings: ProvisionSettings): Template {
  const arns = deploymentArns(settings);
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `scaler-aws-hpc ${settings.deployment}: storage, images, logs and roles`,
    Resources: {
      ...bucketResources(settings),
      ...repositoryResources(settings),
      ...logGroupResources(settings),
      ...roleResources(settings),
    },
    // For people who look at the stack; the programs know these from the settings.
    Outputs: {
      BucketName: { Description: "Bundles and results", Value: settings.bucket },
      RepositoryUri: { Description: "Images of the runners", Value: repositoryUri(settings) },
      LogGroupName: { Description: "Logs of the containers", Value: resourceNames(settings).logGroup },
      ManagerPolicyArn: { Description: "Attach it to whoever runs the manager", Value: arns.managerPolicy },
    },
  };
}
