import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { bucketArn, regionalArn } from "../arns.ts";
import { resourceNames } from "../resource-names.ts";
import { allow, type PolicyStatement } from "./policy-document.ts";

const STACKS = [
  "cloudformation:CreateChangeSet",
  "cloudformation:DeleteChangeSet",
  "cloudformation:DeleteStack",
  "cloudformation:DescribeChangeSet",
  "cloudformation:DescribeStackEvents",
  "cloudformation:DescribeStacks",
  "cloudformation:ExecuteChangeSet",
  "cloudformation:GetTemplate",
  "cloudformation:ListChangeSets",
  "cloudformation:ListStackResources",
  "cloudformation:TagResource",
  "cloudformation:UntagResource",
];

const BUCKET = [
  "s3:CreateBucket",
  "s3:DeleteBucket",
  "s3:DeleteBucketPolicy",
  "s3:GetBucketOwnershipControls",
  "s3:GetBucketPolicy",
  "s3:GetBucketPublicAccessBlock",
  "s3:GetBucketTagging",
  "s3:GetEncryptionConfiguration",
  "s3:GetLifecycleConfiguration",
  "s3:ListBucket",
  "s3:ListBucketMultipartUploads",
  "s3:ListBucketVersions",
  "s3:ListTagsForResource",
  "s3:PutBucketOwnershipControls",
  "s3:PutBucketPolicy",
  "s3:PutBucketPublicAccessBlock",
  "s3:PutBucketTagging",
  "s3:PutEncryptionConfiguration",
  "s3:PutLifecycleConfiguration",
  "s3:TagResource",
  "s3:UntagResource",
];

const REPOSITORY = [
  "ecr:CreateRepository",
  "ecr:DeleteLifecyclePolicy",
  "ecr:DeleteRepository",
  "ecr:DescribeRepositories",
  "ecr:GetLifecyclePolicy",
  "ecr:GetRepositoryPolicy",
  "ecr:ListTagsForResource",
  "ecr:PutImageScanningConfiguration",
  "ecr:PutImageTagMutability",
  "ecr:PutLifecyclePolicy",
  "ecr:TagResource",
  "ecr:UntagResource",
];

const IMAGES = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchDeleteImage",
  "ecr:BatchGetImage",
  "ecr:CompleteLayerUpload",
  "ecr:DescribeImages",
  "ecr:GetDownloadUrlForLayer",
  "ecr:InitiateLayerUpload",
  "ecr:ListImages",
  "ecr:PutImage",
  "ecr:UploadLayerPart",
];

const LOG_GROUP = [
  "logs:AssociateKmsKey",
  "logs:CreateLogGroup",
  "logs:DeleteLogGroup",
  "logs:DeleteRetentionPolicy",
  "logs:DescribeIndexPolicies",
  "logs:DisassociateKmsKey",
  "logs:GetDataProtectionPolicy",
  "logs:ListTagsForResource",
  "logs:PutRetentionPolicy",
  "logs:TagResource",
  "logs:UntagResource",
];

/** For the stacks, the bucket, the repository with its images, and the log group. */
export function storageStatements(settings: ProvisionSettings): readonly PolicyStatement[] {
  const { baseStack, computeStack, logGroup } = resourceNames(settings);
  const stacks = [baseStack, computeStack].map((name) => regionalArn(settings, "cloudformation", `stack/${name}/*`));
  const bucket = bucketArn(settings);
  const logs = regionalArn(settings, "logs", `log-group:${logGroup}`);
  const repository = regionalArn(settings, "ecr", `repository/${settings.repository}`);
  return [
    allow("Stacks", STACKS, stacks),
    allow("Bucket", BUCKET, [bucket]),
    allow("EmptyBucket", ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"], [`${bucket}/*`]),
    allow("Repository", [...REPOSITORY, ...IMAGES], [repository]),
    allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
    // Some of its actions know the group with the colon and the star of its streams, some without.
    allow("LogGroup", LOG_GROUP, [logs, `${logs}:*`]),
    allow("FindLogGroups", ["logs:DescribeLogGroups", "logs:DescribeResourcePolicies"], ["*"]),
  ];
}
