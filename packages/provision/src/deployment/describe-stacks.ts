import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { heldText } from "../stacks/stack-refusal.ts";
import { stackState } from "../stacks/stack-state.ts";
import type { Deployment } from "./deployment.ts";

/** What exists of a deployment right now, a line for each stack: for whoever was interrupted. Never throws. */
export async function describeStacks(
  { account, stackNames }: Pick<Deployment, "account" | "stackNames">,
  options: AbortOptions = {},
): Promise<readonly string[]> {
  return await Promise.all(
    [stackNames.base, stackNames.compute].map(async (name) => {
      try {
        const stack = await account.stacks.describe(name, options);
        if (stack === undefined || stackState(stack.status) === "absent") return `stack ${name}: not there`;
        if (stackState(stack.status) === "reviewed") return `stack ${name}: prepared and never made; it holds nothing`;
        const goesOn = stackState(stack.status) === "busy" ? ", which AWS finishes by itself" : "";
        const held = heldText(await account.stacks.resources(stack.id, options));
        return `stack ${name}: ${stack.status}${goesOn}; it holds ${held}`;
      } catch {
        return `stack ${name}: not known`;
      }
    }),
  );
}
