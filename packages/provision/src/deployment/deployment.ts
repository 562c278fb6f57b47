import { type AbortOptions, AdapterError, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import type { Account } from "../account/account.ts";
import { type ProvisionSettings, provisionSettings } from "../settings/index.ts";
import type { Architecture } from "../settings/provision-settings.ts";
import { CHANGE_SET } from "../stacks/stack-driver.ts";
import { assertOurs, type NextCommands } from "../stacks/stack-refusal.ts";
import type { StackDetail } from "../stacks/stack-service.ts";
import { stackState } from "../stacks/stack-state.ts";
import { repositoryUri } from "../templates/arns.ts";
import { type ResourceNames, resourceNames } from "../templates/resource-names.ts";
import { type Choices, type LeftBehind, mergeChoices, readNote, rememberedChoices, type Said } from "./choices.ts";
import { type HeldNames, heldNames, type StoredTemplate } from "./held-names.ts";

/** A deployment as it is in the account, whether it is there or not. */
export interface Deployment {
  readonly name: string;
  readonly account: Account;
  /** `undefined` for one that is not there. */
  readonly base: StackDetail | undefined;
  readonly compute: StackDetail | undefined;
  readonly stackNames: { readonly base: string; readonly compute: string };
  /** What was chosen for it before. */
  readonly remembered: Choices;
  /** Number of the last run that changed a stack; 0 before the first. */
  readonly run: number;
  /** What it had before and left behind. */
  readonly left: readonly LeftBehind[];
  /** Names in the base stack, which say what an update replaces; none without one. */
  readonly held: HeldNames;
  /** What the images in use were made for; `undefined` before there are any. */
  readonly imagesFor: Architecture | undefined;
  readonly commands: NextCommands;
}

/**
 * Looks a deployment up. Only reads.
 * @param options.given flags that an `apply` in messages repeats
 * @throws {AdapterError} `conflict` when stacks of its names are there that were not made by this program for it; `denied`, `unavailable`
 */
export async function findDeployment(
  account: Account,
  name: string,
  options: AbortOptions & { readonly given?: string } = {},
): Promise<Deployment> {
  const { baseStack, computeStack } = resourceNames(bareSettings(account, name));
  const [base, compute] = await Promise.all(
    [baseStack, computeStack].map(async (stack) => {
      const found = await account.stacks.describe(stack, options);
      const state = stackState(found?.status);
      if (found === undefined || state === "absent") return undefined;
      assertOurs(found, name, state);
      if (state === "reviewed") await assertOwnChangeSets(account, found, options);
      return found;
    }),
  );
  const [inBase, inCompute] = await Promise.all([
    templateOf(account, base, options),
    templateOf(account, compute, options),
  ]);
  const [ofBase, ofCompute] = [readNote(inBase), readNote(inCompute)];
  const flags = `--prefix ${name} --region ${account.region}`;
  const command = (verb: string): string => `scaler-aws-hpc provision ${verb} ${flags}`;
  return {
    name,
    account,
    base,
    compute,
    stackNames: { base: baseStack, compute: computeStack },
    remembered: rememberedChoices(ofBase, ofCompute),
    run: Math.max(ofBase.run, ofCompute.run),
    left: ofBase.left,
    held: heldNames(inBase),
    imagesFor: ofCompute.choices.image === undefined ? undefined : (ofCompute.choices.architecture ?? "x86_64"),
    commands: {
      apply: `${command("apply")}${options.given ?? ""}`,
      show: command("show"),
      destroy: command("destroy"),
    },
  };
}

/**
 * A stack that was prepared and never made has no tags: whose change sets wait there tells whose it is. Without any it holds nothing at all.
 * @throws {AdapterError} `conflict`
 */
async function assertOwnChangeSets(
  { stacks }: Account,
  { name, id }: StackDetail,
  options: AbortOptions,
): Promise<void> {
  const other = (await stacks.changeSets(id, options)).find((changeSet) => !changeSet.startsWith(CHANGE_SET));
  if (other === undefined) return;
  const text = `stack ${name} is prepared by somebody else: expected change sets of this program, got ${JSON.stringify(other)}; nothing was touched; choose another name with --prefix, or delete that change set`;
  throw new AdapterError("conflict", text);
}

/** What a stack was last made of; nothing for one that was never made. */
async function templateOf(
  { stacks }: Account,
  stack: StackDetail | undefined,
  options: AbortOptions,
): Promise<StoredTemplate> {
  if (stack === undefined || stackState(stack.status) === "reviewed") return {};
  try {
    return JSON.parse(await stacks.template(stack.id, options)) as StoredTemplate;
  } catch (reason) {
    // A stack that was never made has no template; one that is no JSON is not ours to read.
    if (reason instanceof SyntaxError) return {};
    if (isAdapterError(reason) && (reason.code === "missing" || reason.code === "rejected")) return {};
    throw reason;
  }
}

/** Settings that name things and say nothing else. @throws {AdapterError} `config` for a wrong name */
export const bareSettings = ({ id, region }: Account, deployment: string): ProvisionSettings =>
  provisionSettings({ region, accountId: id, deployment });

/** What a deployment should be. */
export interface Wanted {
  readonly settings: ProvisionSettings;
  readonly names: ResourceNames;
  /** Without a tag. */
  readonly repositoryUri: string;
  /** What the settings are made of, for the stacks to remember. */
  readonly choices: Choices;
}

/**
 * Puts together what a deployment should be: what the user says now, else what he said before, else defaults, in his subnets or those of the
 * default VPC. Only reads.
 *
 * @throws {AdapterError} `config` with everything that is wrong
 */
export async function wantedDeployment(deployment: Deployment, now: Said, options: AbortOptions = {}): Promise<Wanted> {
  const { account, name } = deployment;
  const choices = mergeChoices(deployment.remembered, now);
  const place = { region: account.region, accountId: account.id, deployment: name };
  // Before anybody is asked for subnets.
  provisionSettings({ ...choices, ...place });
  const network = await account.findNetwork(choices, options);
  const settings = provisionSettings({ ...choices, ...place, ...network });
  return { settings, names: resourceNames(settings), repositoryUri: repositoryUri(settings), choices };
}

/** What to say where no stack is. */
export function nothingThere({ name, account }: Pick<Deployment, "name" | "account">): AdapterError {
  const text = `there is no deployment ${name} in ${account.region} of account ${account.id}, so nothing was destroyed; look at --prefix and --region`;
  return new AdapterError("missing", text);
}

/** The deployment has to be there. @throws {AdapterError} `missing` */
export function assertThere({ base, compute, name, account, commands }: Deployment): void {
  if (base !== undefined || compute !== undefined) return;
  const text = `there is no deployment ${name} in ${account.region} of account ${account.id}; make it with \`${commands.apply}\``;
  throw new AdapterError("missing", text);
}
