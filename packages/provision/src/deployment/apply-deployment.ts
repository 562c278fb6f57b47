import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { StackDriver, type StackOutcome } from "../stacks/stack-driver.ts";
import { stackState } from "../stacks/stack-state.ts";
import type { WatchTools } from "../stacks/stack-watch.ts";
import { baseTemplate, computeTemplate, type Template } from "../templates/index.ts";
import { withNote } from "./choices.ts";
import type { Deployment } from "./deployment.ts";
import type { ImageStep } from "./image-step.ts";
import { buildsImage, type Plan } from "./make-plan.ts";
import { nameConflicts } from "./name-conflicts.ts";
import { withImages } from "./planned-image.ts";

/** How an `apply` goes about it. */
export interface ApplyTools extends Omit<WatchTools, "service"> {
  readonly imageStep: ImageStep;
  /** Wait for operations that are under way instead of refusing. */
  readonly wait: boolean;
}

/** What came of it. */
export interface Applied {
  readonly base: StackOutcome;
  readonly compute: StackOutcome;
  /** By digest. */
  readonly image: string;
  /** That of JavaScript tasks, where they are asked for. */
  readonly nodeImage: string | undefined;
}

/**
 * Brings a deployment to what its plan says: the base stack, the images in its repository, the compute stack. Whatever ends it, the same call goes
 * on from there: each step finds what the one before left.
 *
 * @throws {AdapterError} what exists then is in the message, or with `describeStacks`
 */
export async function applyDeployment(
  deployment: Deployment,
  plan: Plan,
  tools: ApplyTools,
  options: AbortOptions = {},
): Promise<Applied> {
  const { account, stackNames, name, commands } = deployment;
  const { wanted, image: planned, nodeImage: plannedNode } = plan;
  const { settings, choices } = wanted;
  const { imageStep, wait, ...watch } = tools;
  const driver = new StackDriver({ ...watch, service: account.stacks }, commands);
  const apply = async (stack: string, template: Template): Promise<StackOutcome> => {
    if (!isUpToDate(plan, stack)) return await driver.apply({ name: stack, deployment: name, template, wait }, options);
    return { name: stack, action: "unchanged", resources: await account.stacks.resources(stack, options) };
  };
  const [conflict] = await nameConflicts(deployment, settings, options);
  if (conflict !== undefined) throw new AdapterError("conflict", conflict);
  const note = { choices, run: deployment.run + 1, left: plan.left };
  const base = await apply(stackNames.base, withNote(baseTemplate(settings), note));
  const image = planned.uri ?? (await imageStep.make(planned.order, tools.say, options));
  const nodeImage = plannedNode && (plannedNode.uri ?? (await imageStep.make(plannedNode.order, tools.say, options)));
  const compute = await apply(
    stackNames.compute,
    withNote(computeTemplate(withImages(settings, image, nodeImage)), {
      ...note,
      choices: withImages(choices, image, nodeImage),
    }),
  );
  return { base, compute, image, nodeImage };
}

/** The plan compared it with what is there, and no operation was under way. */
const isUpToDate = (plan: Plan, name: string): boolean =>
  plan.stacks.some((stack) => stack.name === name && stack.action === "none" && stackState(stack.status) === "ready") &&
  !(buildsImage(plan) && name.endsWith("-compute"));
