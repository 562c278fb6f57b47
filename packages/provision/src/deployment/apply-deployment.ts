import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { StackDriver, type StackOutcome } from "../stacks/stack-driver.ts";
import { stackState } from "../stacks/stack-state.ts";
import type { WatchTools } from "../stacks/stack-watch.ts";
import { baseTemplate, computeTemplate, type Template } from "../templates/index.ts";
import { withChoices } from "./choices.ts";
import type { Deployment } from "./deployment.ts";
import type { ImageStep } from "./image-step.ts";
import { buildsImage, type Plan } from "./make-plan.ts";
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
  await assertNamesFree(deployment, wanted, options);
  const base = await apply(stackNames.base, withChoices(baseTemplate(settings), choices));
  const image = planned.uri ?? (await imageStep.make(planned.order, tools.say, options));
  const nodeImage = plannedNode && (plannedNode.uri ?? (await imageStep.make(plannedNode.order, tools.say, options)));
  const compute = await apply(
    stackNames.compute,
    withChoices(computeTemplate(withImages(settings, image, nodeImage)), withImages(choices, image, nodeImage)),
  );
  return { base, compute, image, nodeImage };
}

/** The plan compared it with what is there, and no operation was under way. */
const isUpToDate = (plan: Plan, name: string): boolean =>
  plan.stacks.some((stack) => stack.name === name && stack.action === "none" && stackState(stack.status) === "ready") &&
  !(buildsImage(plan) && name.endsWith("-compute"));

/** Names of a first base stack that somebody has already would let it fail half-way. */
async function assertNamesFree(
  { base, account, stackNames }: Deployment,
  { settings }: Plan["wanted"],
  options: AbortOptions,
): Promise<void> {
  const state = stackState(base?.status);
  if (state !== "absent" && state !== "reviewed") return;
  const { bucket, repository } = settings;
  const owner = await account.buckets.owner(bucket, options);
  if (owner === "another-account") {
    const text = `bucket ${bucket} belongs to another account, or is in another region: names of buckets are for all; nothing was made; choose another with --bucket or --prefix`;
    throw new AdapterError("conflict", text);
  }
  // A run that was interrupted a moment ago may have gone through after all: then the bucket is the stack's.
  const now =
    owner === "account" ? stackState((await account.stacks.describe(stackNames.base, options))?.status) : state;
  if (now !== state) return;
  if (owner === "account") {
    const text = `bucket ${bucket} is there already, and not by this program; nothing was made; choose another with --bucket or --prefix, or remove it`;
    throw new AdapterError("conflict", text);
  }
  if (await account.repositories.exists(repository, options)) {
    const text = `repository ${repository} is there already, and not by this program; nothing was made; choose another with --repository or --prefix, or remove it`;
    throw new AdapterError("conflict", text);
  }
}
