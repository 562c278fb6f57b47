import { type AbortOptions, type Finding, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { CheckedAccount } from "./account-port.ts";
import { unlessDenied } from "./role-findings.ts";

const SPOT_ROLE = "AWSServiceRoleForEC2Spot";

/**
 * Whether the account has the role that EC2 starts Spot machines with. A warning: whoever may make it makes it with the first request.
 *
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
 *
 * @param types kinds of compute environments; Fargate's Spot has no use for the role
 */
export async function spotRoleFindings(
  account: Pick<CheckedAccount, "role">,
  types: readonly string[],
  options?: AbortOptions,
): Promise<readonly Finding[]> {
  if (!types.includes("SPOT")) return [ok("no Spot machines are started, so none is needed")];
  const looked = await unlessDenied("iam:GetRole", async () => ({ role: await account.role(SPOT_ROLE, options) }));
  if ("warning" in looked) return [looked.warning];
  if (looked.role !== undefined) return [ok(`${SPOT_ROLE} is there`)];
  const fix = "make it: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com";
  return [warning(`${SPOT_ROLE} does not exist, so Spot machines may not start`, fix)];
}
