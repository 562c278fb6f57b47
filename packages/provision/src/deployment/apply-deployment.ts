import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { StackDriver, type StackOutcome } from "../stacks/stack-driver.ts";
import { stackState } from "../stacks/stack-state.ts";
import type { WatchTools } from "../stacks/stack-watch.ts";
import { baseTemplate, computeTemplate } from "../templates/index.ts";
import { withChoices } from "./choices.ts";
import type { Deployment } from "./deployment.ts";
import type { ImageStep } from "./image-step.ts";
import type { Plan } from "./make-plan.ts";

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
}

/**
 * Brings a deployment to what its plan says: the base stack, the image in its repository, the compute stack. Whatever ends it, the same call goes
 * on from there: each step finds what the one before left.
 *
 * @throws {AdapterError} what exists then is in the message, or with `describeStacks`
 */
export async function applyDeployment(
  deployment: Deployment,
  { wanted, image: planned }: Plan,
  tools: ApplyTools,
  options: AbortOptions = {},
): Promise<Applied> {
  const { account, stackNames, name, commands } = deployment;
  const { settings, choices } = wanted;
  const { imageStep, wait, ...watch } = tools;
  const driver = new StackDriver({ ...watch, service: account.stacks }, commands);
  await assertNamesFree(deployment, wanted, options);
  const base = await driver.apply(
    { name: stackNames.base, deployment: name, template: withChoices(baseTemplate(settings), choices), wait },
    options,
  );
  const image = planned.uri ?? (await imageStep.make(planned.order, tools.say, options));
  const chosen = { ...choices, image };
  const template = withChoices(computeTemplate({ ...settings, image }), chosen);
  const compute = await driver.apply({ name: stackNames.compute, deployment: name, template, wait }, options);
  return { base, compute, image };
}

/** Names of a first base stack that somebody has already would let it fail half-way. */
async function assertNamesFree(
  { base, account }: Deployment,
  { settings }: Plan["wanted"],
  options: AbortOptions,
): Promise<void> {
  const state = stackState(base?.status);
  if (state !== "absent" && state !== "reviewed") return;
  const { bucket, repository } = settings;
  const owner = await account.buckets.owner(bucket, options);
  if (owner === "another-account") {
    const text = `bucket ${bucket} belongs to another account: names of buckets are for all accounts; nothing was made; choose another with --bucket or --prefix`;
    throw new AdapterError("conflict", text);
  }
  if (owner === "account") {
    const text = `bucket ${bucket} is there already, and not by this program; nothing was made; choose another with --bucket or --prefix, or remove it`;
    throw new AdapterError("conflict", text);
  }
  if (await account.repositories.exists(repository, options)) {
    const text = `repository ${repository} is there already, and not by this program; nothing was made; choose another with --repository or --prefix, or remove it`;
    throw new AdapterError("conflict", text);
  }
}
