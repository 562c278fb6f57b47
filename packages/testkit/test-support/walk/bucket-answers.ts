import type { ProxiedAnswer } from "../doctor/aws-proxy.ts";
import { templateOf } from "./stack-template.ts";

/** What a template says of its bucket. */
interface BucketTemplate {
  readonly Resources: {
    readonly Bucket: {
      readonly Properties: {
        readonly PublicAccessBlockConfiguration: Readonly<Record<string, boolean>>;
        readonly LifecycleConfiguration: {
          readonly Rules: readonly {
            readonly Id: string;
            readonly Status: string;
            readonly Prefix: string;
            readonly ExpirationInDays: number;
            readonly AbortIncompleteMultipartUpload: { readonly DaysAfterInitiation: number };
          }[];
        };
      };
    };
    readonly BucketPolicy: { readonly Properties: { readonly PolicyDocument: object } };
  };
}

/** A question about a bucket, as the proxy names it. */
export type BucketQuestion = "s3:GET:publicAccessBlock" | "s3:GET:lifecycle" | "s3:GET:policy";

/** moto's CloudFormation makes a bucket and leaves out how it should be; this answers as S3 would once the template is carried out. */
export async function bucketAnswer(moto: string, stack: string, question: BucketQuestion): Promise<ProxiedAnswer> {
  const { Bucket, BucketPolicy } = (await templateOf<BucketTemplate>(moto, stack)).Resources;
  const { PublicAccessBlockConfiguration, LifecycleConfiguration } = Bucket.Properties;
  const bodies = {
    "s3:GET:policy": () => JSON.stringify(BucketPolicy.Properties.PolicyDocument),
    "s3:GET:publicAccessBlock": () =>
      element("PublicAccessBlockConfiguration", fieldsOf(PublicAccessBlockConfiguration)),
    "s3:GET:lifecycle": () =>
      element(
        "LifecycleConfiguration",
        LifecycleConfiguration.Rules.map(({ Id, Prefix, Status, ExpirationInDays, AbortIncompleteMultipartUpload }) =>
          element("Rule", [
            fieldsOf({ ID: Id, Prefix, Status }),
            element("Expiration", [fieldsOf({ Days: ExpirationInDays })]),
            element("AbortIncompleteMultipartUpload", [fieldsOf(AbortIncompleteMultipartUpload)]),
          ]),
        ).join(""),
      ),
  };
  return { status: 200, headers: { "content-type": "application/xml" }, body: bodies[question]() };
}

const element = (name: string, content: string | readonly string[]): string =>
  `<${name}>${typeof content === "string" ? content : content.join("")}</${name}>`;

const fieldsOf = (fields: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(fields)
    .map(([name, value]) => element(name, String(value)))
    .join("");
