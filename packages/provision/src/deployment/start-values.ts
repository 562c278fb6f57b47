import type { MadeResources } from "../files/original-files.ts";
import type { TomlValues } from "../files/toml-file.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import type { StackResource } from "../stacks/stack-service.ts";
import { deploymentArns } from "../templates/arns.ts";
import { resourceNames } from "../templates/resource-names.ts";

/** What `start` needs to know of a deployment: keys of its TOML table. */
export function startValues(settings: ProvisionSettings): TomlValues {
  const { queue, definition, nodeDefinition } = resourceNames(settings);
  return {
    aws_region: settings.region,
    job_queue: queue,
    // Without a revision: the latest one, also after an update.
    job_definition: definition,
    ...(settings.node !== undefined && { node_job_definition: nodeDefinition }),
    s3_bucket: settings.bucket,
    // An empty value would be none at all to a file.
    s3_prefix: settings.prefix === "" ? "/" : settings.prefix,
    s3_bucket_owner: settings.accountId,
  };
}

/** What is known of a deployment once it is made. */
export interface Made {
  /** What the compute stack holds. */
  readonly compute: readonly StackResource[];
  readonly image: string;
  /** ARN of the environment that the queue tries first; a stack does not tell which of several it is. */
  readonly environment: string | undefined;
}

/** What the original's files tell of a deployment. */
export function madeResources(settings: ProvisionSettings, { compute, image, environment }: Made): MadeResources {
  const names = resourceNames(settings);
  const arns = deploymentArns(settings);
  const definition = compute.find(
    ({ type, status, physicalId }) =>
      type === "AWS::Batch::JobDefinition" &&
      status !== "DELETE_COMPLETE" &&
      physicalId?.includes(`/${names.definition}:`),
  );
  return {
    jobRoleArn: arns.jobRole,
    environmentArn: environment ?? "",
    queueArn: arns.queue,
    queue: names.queue,
    definitionArn: definition?.physicalId ?? arns.definition,
    definition: names.definition,
    image,
  };
}
