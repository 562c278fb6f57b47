import type { AbortOptions, Check, CheckedDeployment, CheckHost, Finding } from "@scaler-aws-hpc/adapter-core";
import { ok } from "@scaler-aws-hpc/adapter-core";
import { accountCheck } from "./account-check.ts";
import type { CheckedAccount } from "./account-port.ts";
import { bucketOf, ownerCheck } from "./bucket-owner.ts";
import { callerFindings } from "./caller-findings.ts";
import { Deployed, type DeployedNames, deployedNames } from "./deployed.ts";
import { imageChecks } from "./image-checks.ts";
import { networkCheck } from "./network-check.ts";
import { quotaCheck } from "./quota-check.ts";
import { roleChecks } from "./role-checks.ts";
import { unlessDenied } from "./role-findings.ts";
import { spotRoleFindings } from "./spot-role.ts";

/** What of an account jobs and manager need beyond what backend and store look at: identities, roles, images, networks. */
export function startChecks(
  deployment: CheckedDeployment,
  host: CheckHost,
  account: () => Promise<CheckedAccount>,
): readonly Check[] {
  const names = deployedNames(deployment, host);
  const deployed = new Deployed(account);
  const place = bucketOf(deployment);
  // The same ids as the backend's checks of these queues and definitions.
  const queueId = (name: string) => idOf(names.queues.indexOf(name), name);
  // Without `backend` the backend found its settings wrong, and looked at nothing.
  const ready = ["backend", "aws-account"];
  const definitionId = (name: string) => idOf(names.definitions.indexOf(name), name)("batch-definition");
  const allIds = [...names.queues.map((name) => queueId(name)("batch-queue")), ...names.definitions.map(definitionId)];
  return [
    accountCheck(account),
    ...(place === undefined ? [] : ownerCheck(account, place)),
    ...(names.queues.length === 0
      ? []
      : [
          managerCheck(account, deployed, names, [...ready, ...allIds]),
          spotRoleCheck(account, deployed, names, [...ready, ...allIds]),
        ]),
    ...names.definitions.flatMap((name, index) => {
      const id = idOf(index, name);
      const queues = names.queuesOf(name);
      const needs = [...ready, id("batch-definition"), ...queues.map((queue) => queueId(queue)("batch-queue"))];
      const environments = () => deployed.environments(queues);
      const parts = { name, id, needs, deployed, account, environments, host };
      return [...roleChecks(parts, place), ...imageChecks(parts)];
    }),
    ...names.queues.flatMap((queue) => {
      const definitions = names.definitionsOf(queue);
      const needed = definitions.map(definitionId);
      const needs = [...ready, queueId(queue)("batch-queue"), ...needed];
      const parts = { queue, needs, deployed, account };
      return [
        networkCheck({ ...parts, id: queueId(queue)("vpc-network"), definitions }),
        quotaCheck({ ...parts, id: queueId(queue)("vcpu-quotas"), names }),
      ];
    }),
  ];
}

const idOf =
  (index: number, name: string) =>
  (id: string): string =>
    index === 0 ? id : `${id}:${name}`;

/** What cannot be tried without a job; the rest is tried by the checks of backend and store, as it is. */
const managerCheck = (
  account: () => Promise<CheckedAccount>,
  deployed: Deployed,
  names: DeployedNames,
  needs: readonly string[],
): Check => ({
  id: "iam-manager",
  group: "Permissions",
  title: "manager",
  needs,
  run: async (options) => await managerFindings(await account(), deployed, names, options),
});

const spotRoleCheck = (
  account: () => Promise<CheckedAccount>,
  deployed: Deployed,
  names: DeployedNames,
  needs: readonly string[],
): Check => ({
  id: "iam-spot-role",
  group: "Permissions",
  title: "role for Spot",
  needs,
  async run(options) {
    const looked = await unlessDenied("batch:DescribeComputeEnvironments", async () => ({
      types: (await deployed.environments(names.queues)).flatMap(
        ({ computeResources }) => computeResources?.type ?? [],
      ),
    }));
    return "warning" in looked ? [looked.warning] : await spotRoleFindings(await account(), looked.types, options);
  },
});

async function managerFindings(
  account: CheckedAccount,
  deployed: Deployed,
  names: DeployedNames,
  options: AbortOptions,
): Promise<readonly Finding[]> {
  const queues = await Promise.all(names.queues.map(async (name) => (await deployed.queue(name)).arn));
  const definitions = await Promise.all(
    names.definitions.map(async (name) => (await deployed.definition(name)).jobDefinitionArn ?? name),
  );
  const jobs = queues[0]?.replace(/:job-queue\/.*/, ":job/*") ?? "*";
  const submits = [...queues, ...definitions].map((resource) => ({ actions: ["batch:SubmitJob"], resource }));
  const wanted = [...submits, { actions: ["batch:TagResource", "batch:TerminateJob"], resource: jobs }];
  const found = await callerFindings(account, wanted, options);
  return found.length === 1 && found[0]?.level === "ok"
    ? [ok("batch:SubmitJob, batch:TagResource and batch:TerminateJob are allowed for these queues and definitions")]
    : found;
}
