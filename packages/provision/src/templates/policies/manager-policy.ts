import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { bucketArn, regionalArn } from "../arns.ts";
import { resourceNames } from "../resource-names.ts";
import { useKey } from "./job-policy.ts";
import { allow, type PolicyDocument, policy } from "./policy-document.ts";

/**
 * What `scaler-aws-hpc start` and `orphans` need, and nothing more: for whoever or whatever runs the manager. What AWS Batch knows of jobs it tells by no
 * resource; a job gets its id when it is submitted, so a right to end some is one to end all of the account and region.
 */
export function managerPolicy(settings: ProvisionSettings): PolicyDocument {
  const { prefix, kmsKeyArn, region, partition } = settings;
  const batch = (resource: string): string => regionalArn(settings, "batch", resource);
  const { queues, definitions } = submitted(settings);
  const statements = [
    allow(
      "SubmitJobs",
      ["batch:SubmitJob"],
      [
        ...queues.map((name) => batch(`job-queue/${name}`)),
        ...definitions.flatMap((name) => [batch(`job-definition/${name}`), batch(`job-definition/${name}:*`)]),
      ],
    ),
    allow("TagJobsAndEndThem", ["batch:TagResource", "batch:TerminateJob"], [batch("job/*")]),
    allow(
      "SeeJobs",
      [
        "batch:DescribeComputeEnvironments",
        "batch:DescribeJobDefinitions",
        "batch:DescribeJobQueues",
        "batch:DescribeJobs",
        "batch:GetJobQueueSnapshot",
        "batch:ListJobs",
      ],
      ["*"],
    ),
    allow(
      "KeepPayloads",
      ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      [bucketArn(settings, "v1/*")],
    ),
    allow("ListPayloads", ["s3:ListBucket"], [bucketArn(settings)], {
      // A manager asks for the whole prefix once, to see that the bucket is there.
      StringLike: { "s3:prefix": prefix === "" ? ["", "v1/*"] : [`${prefix}/*`] },
    }),
    allow("ReadLogs", ["logs:GetLogEvents"], [logStreams(settings)]),
  ];
  if (kmsKeyArn === undefined) return policy(...statements);
  return policy(...statements, useKey(kmsKeyArn, region, partition));
}

const logStreams = (settings: ProvisionSettings): string =>
  regionalArn(settings, "logs", `log-group:${resourceNames(settings).logGroup}:log-stream:*`);

/** Queues and definitions that jobs of this deployment go to. */
function submitted(settings: ProvisionSettings): {
  readonly queues: readonly string[];
  readonly definitions: readonly string[];
} {
  const names = resourceNames(settings);
  const { gpu, node } = settings;
  return {
    queues: [names.queue, ...(gpu === undefined ? [] : [names.gpuQueue])],
    definitions: [
      names.definition,
      ...(gpu === undefined ? [] : [names.gpuDefinition]),
      ...(node === undefined ? [] : [names.nodeDefinition]),
    ],
  };
}
