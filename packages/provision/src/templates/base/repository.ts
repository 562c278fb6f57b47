import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { tagList } from "../tags.ts";
import type { Resource } from "../template.ts";

// Definitions name images by digest, and an image that has a tag keeps it: what has none was never used, or is a leftover of a push that broke off.
const EXPIRE_UNTAGGED = {
  rules: [
    {
      rulePriority: 1,
      description: "Remove images without a tag",
      selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
      action: { type: "expire" },
    },
  ],
};

/** The repository of the images. Deleted with them: they can be built anew. */
export function repositoryResources(settings: ProvisionSettings): Readonly<Record<string, Resource>> {
  return {
    Repository: {
      Type: "AWS::ECR::Repository",
      DeletionPolicy: "Delete",
      // Definitions of before may name its images.
      UpdateReplacePolicy: "Retain",
      Properties: {
        RepositoryName: settings.repository,
        ImageTagMutability: "IMMUTABLE",
        ImageScanningConfiguration: { ScanOnPush: true },
        // Not the user's key: a repository cannot change its encryption, and images hold no payloads.
        EncryptionConfiguration: { EncryptionType: "AES256" },
        LifecyclePolicy: { LifecyclePolicyText: JSON.stringify(EXPIRE_UNTAGGED) },
        EmptyOnDelete: true,
        Tags: tagList(settings),
      },
    },
  };
}
