import {
  type AbortOptions,
  type Check,
  type CheckedDeployment,
  type CheckHost,
  type Finding,
  fault,
  ok,
  warning,
} from "@scaler-aws-hpc/adapter-core";
import type { CheckedAccount, Simulation } from "./account-port.ts";
import { callerFindings } from "./caller-findings.ts";
import { Deployed, deployedNames, onFargate } from "./deployed.ts";
import { imageChecks } from "./image-checks.ts";
import { networkFindings } from "./network-findings.ts";
import { type RoleWants, roleFindings, unlessDenied } from "./role-findings.ts";

const PERMISSIONS = "Permissions";

/** What of an account jobs and manager need beyond what backend and store look at: identities, roles, images, networks. */
export function startChecks(
  deployment: CheckedDeployment,
  host: CheckHost,
  account: () => Promise<CheckedAccount>,
): readonly Check[] {
  const names = deployedNames(deployment, host);
  const deployed = new Deployed(account);
  const place = bucketOf(deployment);
  const idOf =
    (index: number, name: string) =>
    (id: string): string =>
      index === 0 ? id : `${id}:${name}`;
  const [queue] = names.queues;
  return [
    accountCheck(account),
    ...(place === undefined ? [] : ownerCheck(account, place)),
    ...(queue === undefined
      ? []
      : [
          {
            id: "iam-manager",
            group: PERMISSIONS,
            title: "manager",
            needs: ["aws-account", "batch-queue", "batch-definition"],
            run: async (options: AbortOptions) => await managerFindings(await account(), deployed, names, options),
          },
        ]),
    ...names.definitions.flatMap((name, index) => {
      const id = idOf(index, name);
      const needs = ["aws-account", id("batch-definition")];
      const environments = (options: AbortOptions) => deployed.environments(names.queuesOf(name), options);
      return [
        {
          id: id("iam-job-role"),
          group: PERMISSIONS,
          title: `job role of ${name}`,
          needs,
          run: async (options: AbortOptions): Promise<readonly Finding[]> => {
            const { containerProperties } = await deployed.definition(name, options);
            const role = containerProperties?.jobRoleArn;
            if (role !== undefined && role !== "")
              return await roleFindings(
                await account(),
                role,
                await jobWants(await account(), place, options),
                options,
              );
            return [noJobRole(onFargate(await environments(options)))];
          },
        },
        {
          id: id("iam-execution-role"),
          group: PERMISSIONS,
          title: `execution role of ${name}`,
          needs,
          run: async (options: AbortOptions): Promise<readonly Finding[]> => {
            const { containerProperties } = await deployed.definition(name, options);
            const role = containerProperties?.executionRoleArn;
            if (role !== undefined && role !== "") return await roleFindings(await account(), role, EXECUTION, options);
            if (!onFargate(await environments(options)))
              return [ok("none, and none is needed on EC2: the instance's role pulls and logs")];
            return [
              fault(
                "there is none, and Fargate pulls images and writes logs by it",
                "give the definition an executionRoleArn",
              ),
            ];
          },
        },
        ...imageChecks({ name, id, needs, deployed, account, environments, host }),
      ];
    }),
    ...names.queues.map(
      (name, index): Check => ({
        id: idOf(index, name)("vpc-network"),
        group: "Network",
        title: `subnets of ${name}`,
        needs: ["aws-account", idOf(index, name)("batch-queue")],
        limitMs: 30_000,
        run: async (options) => await queueNetwork(await account(), deployed, name, names.definitions, options),
      }),
    ),
  ];
}

/** Who the credentials are: also the first that `provision` needs. */
export const accountCheck = (account: () => Promise<CheckedAccount>): Check => ({
  id: "aws-account",
  group: "AWS",
  title: "account",
  needs: ["aws-credentials"],
  async run(options) {
    const open = await account();
    const { account: id, arn } = await open.caller(options);
    const text = `${id} as ${arn}, region ${open.region}`;
    if (!/:root$/.test(arn)) return [ok(text)];
    return [
      warning(`${text}: the account itself, which nothing is denied to`, "use a role with the policy of docs/batch.md"),
    ];
  },
});

interface Place {
  readonly bucket: string;
  readonly prefix: string;
  /** As the settings name it. */
  readonly owner: string | undefined;
}

function bucketOf({ store }: CheckedDeployment): Place | undefined {
  const { "s3-bucket": bucket, "s3-prefix": prefix = "scaler-tasks", "s3-bucket-owner": owner } = store.options;
  if (store.name !== "s3" || typeof bucket !== "string" || bucket === "") return undefined;
  return {
    bucket,
    prefix: String(prefix).replace(/^\/+|\/+$/g, ""),
    owner: typeof owner === "string" && owner !== "" ? owner : undefined,
  };
}

/** Names of buckets can be guessed, and somebody else may have one of them: payloads are code. */
function ownerCheck(account: () => Promise<CheckedAccount>, { bucket, prefix, owner }: Place): readonly Check[] {
  // Then the store asks for that owner with each request.
  if (owner !== undefined) return [];
  return [
    {
      id: "s3-owner",
      group: "S3",
      title: `owner of ${bucket}`,
      needs: ["aws-account", "s3-bucket"],
      async run(options) {
        const open = await account();
        const { account: id } = await open.caller(options);
        if (await open.owns(id, bucket, prefix, options)) return [ok(`account ${id}, that of the credentials`)];
        const fix = "see whose it is, and name that account with --s3-bucket-owner, or use a bucket of your own";
        return [warning(`it belongs to another account than ${id}, that of the credentials`, fix)];
      },
    },
  ];
}

async function managerFindings(
  account: CheckedAccount,
  deployed: Deployed,
  names: ReturnType<typeof deployedNames>,
  options: AbortOptions,
): Promise<readonly Finding[]> {
  const queues = await Promise.all(names.queues.map(async (name) => (await deployed.queue(name, options)).arn));
  const definitions = await Promise.all(
    names.definitions.map(async (name) => (await deployed.definition(name, options)).jobDefinitionArn ?? name),
  );
  const jobs = queues[0]?.replace(/:job-queue\/.*/, ":job/*") ?? "*";
  const submits = [...queues, ...definitions].map((resource) => ({ actions: ["batch:SubmitJob"], resource }));
  // The rest is tried by the checks of backend and store, as it is.
  const wanted = [...submits, { actions: ["batch:TagResource", "batch:TerminateJob"], resource: jobs }];
  const found = await callerFindings(account, wanted, options);
  return found.length === 1 && found[0]?.level === "ok"
    ? [ok("batch:SubmitJob, batch:TagResource and batch:TerminateJob are allowed for these queues and definitions")]
    : found;
}

const EXECUTION: RoleWants = {
  must: [
    {
      actions: [
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
      ],
      resource: "*",
    },
  ],
};

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

async function queueNetwork(
  account: CheckedAccount,
  deployed: Deployed,
  queue: string,
  definitions: readonly string[],
  options: AbortOptions,
): Promise<readonly Finding[]> {
  const { environments } = await deployed.queue(queue, options);
  const assigns = await Promise.all(
    definitions.map(
      async (name) =>
        (await deployed.definition(name, options)).containerProperties?.networkConfiguration?.assignPublicIp ===
        "ENABLED",
    ),
  );
  const findings: Finding[] = [];
  for (const one of environments) {
    const { subnets = [], securityGroupIds = [], launchTemplate } = one.computeResources ?? {};
    if (subnets.length === 0) continue;
    const looked = await unlessDenied("ec2:DescribeSubnets and other ec2:Describe actions", async () => ({
      facts: await account.network(subnets, securityGroupIds, options),
    }));
    if ("warning" in looked) return [looked.warning];
    const fargate = onFargate([one]);
    const assignsAddress = fargate ? assigns.some(Boolean) : launchTemplate === undefined ? false : undefined;
    findings.push(...networkFindings(looked.facts, { fargate, assignsAddress }));
  }
  return findings.length > 0
    ? findings
    : [ok("the compute environments name none: what they start is not managed by AWS Batch")];
}
