import { type AbortOptions, type Finding, fault, isAdapterError, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { CheckedAccount, Simulation } from "./account-port.ts";

const TASKS = "ecs-tasks.amazonaws.com";

/** What a role should, and should not, be able to do. */
export interface RoleWants {
  readonly must: readonly Omit<Simulation, "principal">[];
  readonly mustNot?: readonly Omit<Simulation, "principal">[];
}

/** Name of a role by its ARN, or as it stands. */
const roleName = (role: string): string => role.split("/").at(-1) ?? role;

/** Whether a role of tasks is there, may be taken by them, and may do what it must and no more. What may not be looked at is said. */
export async function roleFindings(
  account: Pick<CheckedAccount, "role" | "denied">,
  role: string,
  wants: RoleWants,
  options?: AbortOptions,
): Promise<readonly Finding[]> {
  const name = roleName(role);
  const look = await unlessDenied("iam:GetRole", async () => ({ role: await account.role(name, options) }));
  if ("warning" in look) return [look.warning];
  if (look.role === undefined)
    return [fault(`${name} does not exist`, "make it, or name another in the job definition", "missing")];
  if (!look.role.trusted.includes(TASKS))
    return [fault(`${name} may not be taken by ${TASKS}`, `let its trust policy allow sts:AssumeRole to ${TASKS}`)];
  const { arn } = look.role;
  const checked = await unlessDenied("iam:SimulatePrincipalPolicy", async () => ({
    missing: await deniedOf(account, arn, wants.must, options),
    excess: await allowedOf(account, arn, wants.mustNot ?? [], options),
  }));
  if ("warning" in checked) return [checked.warning];
  const faults = checked.missing.map(({ action, resource }) =>
    fault(`${name} may not do ${action} on ${resource}`, `allow ${action} on ${resource} to it`, "denied"),
  );
  if (faults.length > 0) return faults;
  const may = wants.must.flatMap(({ actions }) => actions).join(", ");
  const fine = ok(`${name} may do ${may}`);
  if (checked.excess.length === 0) return [fine];
  const more = checked.excess.map(({ action }) => action).join(", ");
  return [
    fine,
    warning(`${name} may do more than tasks need: ${more}`, "give it the job role's policy of docs/batch.md"),
  ];
}

interface Pair {
  readonly action: string;
  readonly resource: string;
}

async function deniedOf(
  account: Pick<CheckedAccount, "denied">,
  principal: string,
  wanted: readonly Omit<Simulation, "principal">[],
  options?: AbortOptions,
): Promise<readonly Pair[]> {
  const found = await Promise.all(
    wanted.map(async (one) =>
      (await account.denied({ ...one, principal }, options)).map((action) => ({ action, resource: one.resource })),
    ),
  );
  return found.flat();
}

async function allowedOf(
  account: Pick<CheckedAccount, "denied">,
  principal: string,
  unwanted: readonly Omit<Simulation, "principal">[],
  options?: AbortOptions,
): Promise<readonly Pair[]> {
  const denied = new Set((await deniedOf(account, principal, unwanted, options)).map(keyOf));
  return unwanted
    .flatMap(({ actions, resource }) => actions.map((action) => ({ action, resource })))
    .filter((pair) => !denied.has(keyOf(pair)));
}

const keyOf = ({ action, resource }: Pair): string => `${action} ${resource}`;

/** What may not be looked at is no fault. */
export async function unlessDenied<T extends object>(
  action: string,
  work: () => Promise<T>,
): Promise<T | { readonly warning: Finding }> {
  try {
    return await work();
  } catch (reason) {
    if (!isAdapterError(reason) || reason.code !== "denied") throw reason;
    const text = `could not be looked at: ${action} is not allowed`;
    return { warning: warning(text, `allow ${action} for this, or compare with the policies in docs/batch.md`) };
  }
}
