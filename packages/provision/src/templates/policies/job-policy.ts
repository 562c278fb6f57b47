import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { bucketArn } from "../arns.ts";
import { allow, type PolicyDocument, policy } from "./policy-document.ts";

/**
 * What the code of tasks may do: read what is to be run and add results. Without a right to list, an object that is not there answers 403, which the
 * runner expects; without one to delete, nor to read results, no task sees or spoils what others gave back; results are put only if absent. Parts of an
 * upload that failed stay until the bucket's rule removes them.
 */
export function jobPolicy(settings: ProvisionSettings): PolicyDocument {
  const { accountId, kmsKeyArn, region, partition } = settings;
  // A bucket of this name in another account, made after ours was deleted, is none of ours.
  const own = { StringEquals: { "aws:ResourceAccount": accountId } };
  const statements = [
    allow("ReadInputs", ["s3:GetObject"], [bucketArn(settings, "v1/in/*")], own),
    allow("AddResults", ["s3:PutObject"], [bucketArn(settings, "v1/out/*")], own),
  ];
  if (kmsKeyArn === undefined) return policy(...statements);
  return policy(...statements, useKey(kmsKeyArn, region, partition));
}

/** Use of the key for objects of S3, and for nothing else that it may encrypt. */
export function useKey(key: string, region: string, partition: ProvisionSettings["partition"]) {
  const service = `s3.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
  return allow("UseKeyForObjects", ["kms:Decrypt", "kms:GenerateDataKey"], [key], {
    StringEquals: { "kms:ViaService": service },
  });
}
