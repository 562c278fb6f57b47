import { type AbortOptions, type Check, type Finding, ok } from "@scaler-aws-hpc/adapter-core";
import { plannedQuotas } from "../quotas/planned-quotas.ts";
import { type ProvisionSettings, provisionSettings } from "../settings/index.ts";
import { plannedEnvironments } from "../templates/compute/environments.ts";
import { QUOTA_STATEMENT } from "../templates/policies/provisioner-compute.ts";
import { provisionerPolicies } from "../templates/policies/provisioner-policies.ts";
import { accountCheck } from "./account-check.ts";
import type { CheckedAccount, Simulation } from "./account-port.ts";
import { callerFindings } from "./caller-findings.ts";
import { networkFindings } from "./network-findings.ts";
import { unlessDenied } from "./role-findings.ts";
import { spotRoleFindings } from "./spot-role.ts";

/**
 * What making a deployment of the default name needs, as its policy says: CloudFormation works with the rights of its caller. A statement's first resource stands for
 * all of it. What only this program looks at, and goes on without, is not among it.
 */
function provisionerSimulations(region: string, accountId: string): readonly Omit<Simulation, "principal">[] {
  const documents = Object.values(provisionerPolicies(provisionSettings({ region, accountId })));
  return documents
    .flatMap(({ Statement }) => Statement)
    .filter(({ Sid }) => Sid !== QUOTA_STATEMENT)
    .map(({ Action, Resource, Condition = {} }) => ({
      actions: Action,
      resource: Resource?.[0] ?? "*",
      context: Object.fromEntries(
        Object.values(Condition).flatMap((keys) =>
          Object.entries(keys).map(([key, value]) => [key, typeof value === "string" ? value : (value[0] ?? "")]),
        ),
      ),
    }));
}

/** Preconditions of `provision` with its defaults, in an account in which nothing of ours is yet. */
export function provisionChecks(account: () => Promise<CheckedAccount>): readonly Check[] {
  return [
    accountCheck(account),
    {
      id: "provision-permissions",
      group: "Provisioning",
      title: "permissions",
      needs: ["aws-account"],
      limitMs: 60_000,
      async run(options) {
        const open = await account();
        const { account: id } = await open.caller(options);
        const found = await callerFindings(open, provisionerSimulations(open.region, id), options);
        if (found.some(({ level }) => level !== "ok")) return found;
        return [ok(`a deployment of the default name may be made in ${open.region}`)];
      },
    },
    {
      id: "provision-network",
      group: "Provisioning",
      title: "subnets",
      needs: ["aws-account"],
      limitMs: 30_000,
      run: async (options) => await defaultNetwork(await account(), options),
    },
    {
      id: "provision-quotas",
      group: "Provisioning",
      title: "vCPU quotas",
      needs: ["aws-account"],
      limitMs: 30_000,
      async run(options) {
        const open = await account();
        return await plannedQuotas(open, await defaultSettings(open, options), options);
      },
    },
    {
      id: "provision-spot-role",
      group: "Provisioning",
      title: "role for Spot",
      needs: ["aws-account"],
      async run(options) {
        const open = await account();
        const types = plannedEnvironments(await defaultSettings(open, options)).map(({ type }) => type);
        return await spotRoleFindings(open, types, options);
      },
    },
    {
      id: "provision-engine",
      group: "Provisioning",
      title: "container engine",
      async run(options) {
        const { findEngine } = await import("../images/index.ts");
        return [ok(`${await findEngine(undefined, options.signal ? { signal: options.signal } : {})} works`)];
      },
    },
  ];
}

const defaultSettings = async (open: CheckedAccount, options: AbortOptions): Promise<ProvisionSettings> =>
  provisionSettings({ region: open.region, accountId: (await open.caller(options)).account });

/** The subnets that are taken where none are named. */
async function defaultNetwork(account: CheckedAccount, options: AbortOptions): Promise<readonly Finding[]> {
  const looked = await unlessDenied("ec2:DescribeVpcs and other ec2:Describe actions", async () => {
    const { findNetwork } = await import("../account/network.ts");
    const { subnets } = await findNetwork(account.region, {}, options);
    return { facts: await account.network(subnets, [], options) };
  });
  if ("warning" in looked) return [looked.warning];
  return networkFindings(looked.facts, { fargate: false, assignsAddress: false });
}
