import { type AbortOptions, type Finding, isAdapterError, warning } from "@scaler-aws-hpc/adapter-core";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { plannedEnvironments } from "../templates/compute/environments.ts";
import type { CheckedAccount } from "./account-port.ts";
import { networkFindings } from "./network-findings.ts";
import { spotRoleFindings } from "./spot-role.ts";

/**
 * What an account lacks for machines of these settings: the role for Spot, a way out of their subnets. What may not be looked at is not spoken of: `doctor
 * --provision` says what that takes.
 */
export async function plannedFindings(
  account: Pick<CheckedAccount, "role" | "network">,
  settings: ProvisionSettings,
  options: AbortOptions = {},
): Promise<readonly Finding[]> {
  const { subnets, compute, assignPublicIp } = settings;
  const types = plannedEnvironments(settings).map(({ type }) => type);
  const roles = await unlessDenied(async () => {
    const role = types.includes("SPOT") ? await account.role("AWSServiceRoleForEC2Spot", options) : undefined;
    return await spotRoleFindings({ role: async () => role }, types);
  });
  const network = await unlessDenied(async () => {
    const fargate = compute === "fargate";
    const facts = await account.network(subnets, [], options);
    return networkFindings(facts, { fargate, assignsAddress: fargate && assignPublicIp });
  });
  return [...roles, ...folded(network)].filter(({ level }) => level !== "ok");
}

/** One line for all subnets: what is said of the first is said of nearly all others. */
function folded(findings: readonly Finding[]): readonly Finding[] {
  const [first, ...more] = findings.filter(({ level }) => level !== "ok");
  if (first === undefined) return [];
  const { text, fix = "" } = first;
  return [warning(more.length === 0 ? text : `${text}; so it is with ${more.length} more`, fix)];
}

async function unlessDenied(look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (reason) {
    if (isAdapterError(reason) && reason.code === "denied") return [];
    throw reason;
  }
}
