import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { bucketArn } from "../arns.ts";
import { type PolicyDocument, type PolicyStatement, policy } from "./policy-document.ts";

/** What nobody may do with the bucket, whatever else allows it: speak without TLS, or store what another key encrypts. */
export function bucketPolicy(settings: ProvisionSettings): PolicyDocument {
  const bucket = bucketArn(settings);
  const everything = [bucket, `${bucket}/*`];
  const tls = [
    deny("OnlyTls", ["s3:*"], everything, { Bool: { "aws:SecureTransport": "false" } }),
    deny("OnlyModernTls", ["s3:*"], everything, { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
  ];
  if (settings.kmsKeyArn === undefined) return policy(...tls);
  // A put that names no encryption gets the bucket's.
  const key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
  const kind = "s3:x-amz-server-side-encryption";
  return policy(
    ...tls,
    deny("OnlyOurKey", ["s3:PutObject"], [`${bucket}/*`], {
      Null: { [key]: "false" },
      StringNotEquals: { [key]: settings.kmsKeyArn },
    }),
    deny("OnlyKms", ["s3:PutObject"], [`${bucket}/*`], {
      Null: { [kind]: "false" },
      StringNotEquals: { [kind]: "aws:kms" },
    }),
  );
}

function deny(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  condition: NonNullable<PolicyStatement["Condition"]>,
): PolicyStatement {
  return { Sid: sid, Effect: "Deny", Principal: "*", Action: actions, Resource: resources, Condition: condition };
}
