import { type AbortOptions, type Finding, fault, ok } from "@scaler-aws-hpc/adapter-core";
import type { Caller, CheckedAccount, Simulation } from "./account-port.ts";
import { unlessDenied } from "./role-findings.ts";

/**
 * Whose policies count for the credentials: sessions of a role have the role's. The path of a role is not part of a session's ARN, so it is asked for.
 * `undefined`: the account itself, which nothing is denied to.
 */
export async function principalOf(
  account: Pick<CheckedAccount, "role">,
  { arn }: Caller,
  options?: AbortOptions,
): Promise<string | undefined> {
  if (/:root$/.test(arn)) return undefined;
  const [, name] = /:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  if (name === undefined) return arn.replace(":sts:", ":iam:");
  const role = await account.role(name, options);
  return role?.arn ?? arn.replace(/:sts::(\d+):.*/, `:iam::$1:role/${name}`);
}

/** What the credentials may not do of what they should, by IAM's simulator; a warning where that may not be asked. */
export async function callerFindings(
  account: Pick<CheckedAccount, "role" | "denied" | "caller">,
  simulations: readonly Omit<Simulation, "principal">[],
  options?: AbortOptions,
): Promise<readonly Finding[]> {
  const actions = simulations.flatMap((one) => one.actions);
  const looked = await unlessDenied("iam:SimulatePrincipalPolicy", async () => {
    const principal = await principalOf(account, await account.caller(options), options);
    if (principal === undefined) return { denied: [] };
    const denied = await Promise.all(
      simulations.map(async (one) => ({
        actions: await account.denied({ ...one, principal }, options),
        resource: one.resource,
      })),
    );
    return { denied: denied.filter((one) => one.actions.length > 0) };
  });
  if ("warning" in looked) return [looked.warning];
  if (looked.denied.length === 0) return [ok(`${actions.join(", ")} are allowed`)];
  return looked.denied.map(({ actions: missing, resource }) => {
    const names = missing.join(", ");
    const text = `${names} on ${resource} ${missing.length === 1 ? "is" : "are"} not allowed`;
    return fault(text, `allow ${names} on it to the credentials that are used`, "denied");
  });
}
