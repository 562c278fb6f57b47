import type { ProxiedAnswer } from "../doctor/aws-proxy.ts";

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
  const { Bucket, BucketPolicy } = (await templateOf(moto, stack)).Resources;
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

async function templateOf(moto: string, stack: string): Promise<BucketTemplate> {
  const scope = "eu-central-1/cloudformation/aws4_request";
  const authorization = `AWS4-HMAC-SHA256 Credential=testing/20260101/${scope}, SignedHeaders=host, Signature=0`;
  const body = new URLSearchParams({ Action: "GetTemplate", StackName: stack, Version: "2010-05-15" });
  const xml = await (await fetch(moto, { method: "POST", headers: { authorization }, body })).text();
  const text = /<TemplateBody>(.*)<\/TemplateBody>/s.exec(xml)?.[1] ?? "{}";
  const plain = text
    .replace(/&(?:quot|#34);/g, '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  return JSON.parse(plain.replaceAll("&amp;", "&")) as BucketTemplate;
}
