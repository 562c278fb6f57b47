import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { bucketPolicy } from "../policies/bucket-policy.ts";
import { tagList } from "../tags.ts";
import type { Json, Resource } from "../template.ts";

/**
 * The bucket for bundles and results, and its policy. CloudFormation deletes an empty bucket only: whoever deletes the stack empties it before. When settings name
 * another bucket, the old one stays, because jobs that run write to it.
 */
export function bucketResources(settings: ProvisionSettings): Readonly<Record<string, Resource>> {
  return {
    Bucket: {
      Type: "AWS::S3::Bucket",
      DeletionPolicy: "Delete",
      UpdateReplacePolicy: "Retain",
      Properties: {
        BucketName: settings.bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
        BucketEncryption: encryption(settings),
        LifecycleConfiguration: { Rules: [expiry(settings)] },
        Tags: tagList(settings),
      },
    },
    BucketPolicy: {
      Type: "AWS::S3::BucketPolicy",
      Properties: { Bucket: { Ref: "Bucket" }, PolicyDocument: bucketPolicy(settings) },
    },
  };
}

function encryption({ kmsKeyArn }: ProvisionSettings): Json {
  if (kmsKeyArn === undefined) {
    return {
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
    };
  }
  // A bucket key spares nearly all calls of KMS, which cost more than S3's own.
  return {
    ServerSideEncryptionConfiguration: [
      {
        ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: kmsKeyArn },
        BucketKeyEnabled: true,
      },
    ],
  };
}

/** Removes what managers left: each deletes its own objects as soon as it may. */
function expiry({ prefix, lifecycleDays }: ProvisionSettings): Json {
  return {
    Id: "expire-payloads",
    Status: "Enabled",
    // With its slash: "scaler-tasks" alone would take "scaler-tasks-of-others" too.
    Prefix: prefix === "" ? "v1/" : `${prefix}/`,
    ExpirationInDays: lifecycleDays,
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: lifecycleDays },
  };
}
