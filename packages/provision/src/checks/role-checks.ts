import type { JobDefinition } from "@aws-sdk/client-batch";
import { type AbortOptions, type Check, type Finding, fault, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { Caller, CheckedAccount, Simulation } from "./account-port.ts";
import type { Place } from "./bucket-owner.ts";
import { type DefinitionParts, onFargate } from "./deployed.ts";
import { imageReference } from "./image-reference.ts";
import { type RoleWants, roleFindings, unlessDenied } from "./role-findings.ts";

const PERMISSIONS = "Permissions";

/** The roles that a definition names: that of its tasks, and that by which Fargate pulls and logs. */
export function roleChecks(parts: DefinitionParts, place: Place | undefined): readonly Check[] {
  const { name, id, needs, deployed, account } = parts;
  return [
    {
      id: id("iam-job-role"),
      group: PERMISSIONS,
      title: `job role of ${name}`,
      needs: [...needs, "payload-store"],
      async run(options) {
        const role = (await deployed.definition(name)).containerProperties?.jobRoleArn;
        if (role === undefined || role === "") return [noJobRole(await fargate(parts))];
        const open = await account();
        return await roleFindings(open, role, await jobWants(open, place, options), options);
      },
    },
    {
      id: id("iam-execution-role"),
      group: PERMISSIONS,
      title: `execution role of ${name}`,
      needs,
      async run(options) {
        const definition = await deployed.definition(name);
        const role = definition.containerProperties?.executionRoleArn;
        if (role !== undefined && role !== "") {
          const open = await account();
          const wants = executionWants(definition, open.region, await open.caller(options));
          return await roleFindings(open, role, wants, options);
        }
        const looked = await unlessDenied("batch:DescribeComputeEnvironments", async () => ({
          on: await fargate(parts),
        }));
        if ("warning" in looked) return [looked.warning];
        if (!looked.on) return [ok("none, and none is needed on EC2: the instance's role pulls and logs")];
        const text = "there is none, and Fargate pulls images and writes logs by it";
        return [fault(text, "give the definition an executionRoleArn")];
      },
    },
  ];
}

const fargate = async ({ environments }: DefinitionParts): Promise<boolean> => onFargate(await environments());

const DEFAULT_GROUP = "/aws/batch/job";

/** What pulls a definition's image and writes its logs; an image elsewhere takes no permission of AWS. */
function executionWants({ containerProperties }: JobDefinition, region: string, { account, arn }: Caller): RoleWants {
  const partition = arn.split(":")[1] ?? "aws";
  const image = imageReference(containerProperties?.image ?? "");
  const { logDriver = "awslogs", options = {} } = containerProperties?.logConfiguration ?? {};
  const group = options["awslogs-group"] ?? DEFAULT_GROUP;
  const pulls = image && [
    { actions: ["ecr:GetAuthorizationToken"], resource: "*" },
    {
      actions: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      resource: `arn:${partition}:ecr:${image.region}:${image.account}:repository/${image.repository}`,
    },
  ];
  const logs = logDriver === "awslogs" && {
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resource: `arn:${partition}:logs:${options["awslogs-region"] ?? region}:${account}:log-group:${group}:log-stream:doctor`,
  };
  return { must: [...(pulls ?? []), ...(logs ? [logs] : [])] };
}

/** What the job role must and must not be able to do; see docs/batch.md. */
async function jobWants(account: CheckedAccount, place: Place | undefined, options: AbortOptions): Promise<RoleWants> {
  if (place === undefined) return { must: [] };
  const { account: id, arn } = await account.caller(options);
  const partition = arn.split(":")[1] ?? "aws";
  const below = (path: string): string =>
    `arn:${partition}:s3:::${place.bucket}/${place.prefix === "" ? "" : `${place.prefix}/`}${path}`;
  const context = { "aws:ResourceAccount": place.owner ?? id };
  const one = (action: string, resource: string): Omit<Simulation, "principal"> => ({
    actions: [action],
    resource,
    context,
  });
  return {
    must: [one("s3:GetObject", below("v1/in/doctor")), one("s3:PutObject", below("v1/out/doctor"))],
    mustNot: [
      one("s3:DeleteObject", below("v1/in/doctor")),
      one("s3:GetObject", below("v1/out/doctor")),
      one("s3:PutObject", below("v1/in/doctor")),
      one("batch:DescribeJobs", "*"),
    ],
  };
}

function noJobRole(fargate: boolean): Finding {
  const fix = "give the definition a jobRoleArn, with the policy of docs/batch.md";
  return fargate
    ? fault("there is none, so containers on Fargate have no credentials for S3", fix)
    : warning("there is none, so tasks have the instance's role, with all that it may do", fix);
}
