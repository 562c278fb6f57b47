import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { serviceProgram } from "../../../test-support/service-program.ts";
import { VARIANTS } from "../../../test-support/variants.ts";
import { baseTemplate } from "../base-template.ts";
import { computeTemplate } from "../compute-template.ts";
import { provisionerPolicies } from "./provisioner-policies.ts";

const linter = serviceProgram("cfn-lint", "cfn-lint");

/** Permissions that resource types of CloudFormation name for what no template of ours uses. */
const UNUSED: Readonly<Record<string, RegExp>> = {
  "AWS::S3::Bucket":
    /^s3tables:|Metadata|Analytics|Inventory|Metrics|Replication|Website|Accelerat|IntelligentTiering|ObjectLock|Cors|CORS|Logging|Notification|Versioning|Abac|Acl$|^iam:PassRole$|DeleteBucket(?:Encryption|Lifecycle)$/,
  "AWS::ECR::Repository": /RepositoryPolicy$|^kms:/,
  "AWS::Logs::LogGroup":
    /^firehose:|^s3:|LogDelivery$|BearerToken|DeletionProtection|ResourcePolic|(?:Put|Delete)(?:DataProtection|Index)Policy/,
  "AWS::IAM::Role": /PermissionsBoundary|^iam:(?:At|De)tachRolePolicy$/,
  "AWS::IAM::ManagedPolicy": /^iam:(?:At|De)tach/,
  "AWS::EC2::SecurityGroup": /Ingress$/,
  "AWS::Batch::ComputeEnvironment": /^eks:|SetCapacityTags$/,
};

/** What the commands ask for themselves, and what a service asks of the caller beside what its resource type says. */
const OWN =
  /^(?:cloudformation:\w+|sts:\w+|servicequotas:GetServiceQuota|ecr:(?:Batch\w+|\w*Layer\w*|\w*Images?|GetAuthorizationToken|GetRepositoryPolicy)|s3:(?:ListBucket\w*|AbortMultipartUpload|DeleteObject\w*)|batch:(?:ListJobs|TerminateJob|Describe\w+)|ec2:Describe\w+|iam:(?:GetRole|PassRole|CreateServiceLinkedRole)|logs:DescribeResourcePolicies)$/;

/** Permissions that a resource type says it needs, from the specification that the linter brings along. */
function permissionsOf(schemas: string, type: string): readonly string[] {
  const read = (path: string) => JSON.parse(readFileSync(join(schemas, path), "utf8"));
  const { handlers = {} } = read(`resources/${read("providers/us-east-1.json")[type]}.json`);
  const verbs = ["create", "read", "update", "delete"];
  const all = verbs.flatMap((verb): readonly string[] => handlers[verb]?.permissions ?? []);
  return [...new Set(all.map((one) => one.replace(/^\w+:/, (service) => service.toLowerCase())))];
}

// Names of actions are compared as IAM does.
const same = (one: string): string => one.toLowerCase();

it("lets CloudFormation make, read, change and delete what the templates hold, and no more", ({ skip }) => {
  if ("reason" in linter) return skip(linter.reason);
  const library = join(dirname(dirname(linter.file)), "lib");
  const [python = ""] = readdirSync(library).filter((name) => name.startsWith("python3"));
  const schemas = join(library, python, "site-packages", "cfnlint", "data", "schemas");
  const settings = [...VARIANTS.values()];
  const types = new Set(
    settings.flatMap((one) =>
      [baseTemplate(one), computeTemplate(one)].flatMap(({ Resources }) =>
        Object.values(Resources).map(({ Type }) => Type),
      ),
    ),
  );
  expect(types.size).toBe(12);
  const needed = [...types].flatMap((type) =>
    permissionsOf(schemas, type).filter((permission) => !UNUSED[type]?.test(permission)),
  );
  expect(needed.length).toBeGreaterThan(80);
  const allowed = settings.flatMap((one) =>
    Object.values(provisionerPolicies(one)).flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action)),
  );
  const may = new Set(allowed.map(same));
  expect(needed.filter((permission) => !may.has(same(permission)))).toEqual([]);
  const must = new Set(needed.map(same));
  expect([...new Set(allowed)].filter((action) => !must.has(same(action)) && !OWN.test(action))).toEqual([]);
});
