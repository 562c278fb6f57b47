import type { AbortOptions, Finding } from "@scaler-aws-hpc/adapter-core";
import { type CostCeiling, costCeiling } from "../plan/cost.ts";
import { diffTemplates, type ResourceChange } from "../plan/template-diff.ts";
import { plannedQuotas } from "../quotas/planned-quotas.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { refusal } from "../stacks/stack-refusal.ts";
import type { StackDetail } from "../stacks/stack-service.ts";
import { stackState } from "../stacks/stack-state.ts";
import { baseTemplate, computeTemplate, type Template } from "../templates/index.ts";
import type { LeftBehind, Said } from "./choices.ts";
import { type Deployment, type Wanted, wantedDeployment } from "./deployment.ts";
import { leftBy } from "./held-names.ts";
import type { ImageStep, NodeImageOrder, PythonImageOrder } from "./image-step.ts";
import { planWarnings } from "./plan-warnings.ts";
import {
  assertImagesFit,
  type ImageChoice,
  imageText,
  nodeOrder,
  type PlannedImage,
  plannedImage,
  pythonOrder,
  withImages,
} from "./planned-image.ts";

/** What would be done to a stack. */
export interface PlannedStack {
  readonly name: string;
  /** `undefined` when there is none. */
  readonly status: string | undefined;
  readonly action: "create" | "update" | "none";
  readonly changes: readonly ResourceChange[];
}

/** What `apply` would do. */
export interface Plan {
  readonly wanted: Wanted;
  readonly image: PlannedImage<PythonImageOrder>;
  /** Of JavaScript tasks; `undefined` where they are not asked for. */
  readonly nodeImage: PlannedImage<NodeImageOrder> | undefined;
  readonly stacks: readonly PlannedStack[];
  readonly templates: { readonly base: Template; readonly compute: Template };
  readonly cost: CostCeiling;
  /** Whether the account's quotas are enough; nothing where the compute stack stays as it is. */
  readonly quotas: readonly Finding[];
  /** What else is to be thought of before; none where nothing changes. */
  readonly warnings: readonly string[];
  /** What the deployment will have left behind. */
  readonly left: readonly LeftBehind[];
  readonly hasChanges: boolean;
}

/**
 * Finds out what `apply` would do. Only reads: no change set is made, because one of a stack that is not there would make it.
 * @throws {AdapterError} `config`; `conflict` for a stack that `apply` would refuse
 */
export async function makePlan(
  deployment: Deployment,
  now: Said,
  imageChoice: ImageChoice,
  imageStep: ImageStep,
  options: AbortOptions & { readonly wait?: boolean } = {},
): Promise<Plan> {
  const wanted = await wantedDeployment(deployment, now, options);
  const { settings, repositoryUri } = wanted;
  assertImagesFit(deployment, settings, now, imageChoice);
  const image = await plannedImage(deployment, settings.image, pythonOrder(wanted, imageChoice), imageStep, options);
  const nodeImage =
    settings.node &&
    (await plannedImage(deployment, settings.node.image, nodeOrder(wanted, imageChoice), imageStep, options));
  const built = `${repositoryUri}:to-be-built`;
  const templates = {
    base: baseTemplate(settings),
    compute: computeTemplate(withImages(settings, image.uri ?? built, nodeImage?.uri ?? built)),
  };
  const { base, compute, stackNames } = deployment;
  const stacks = [
    await plannedStack(deployment, stackNames.base, base, templates.base, options),
    await plannedStack(deployment, stackNames.compute, compute, templates.compute, options),
  ];
  const hasChanges = buildsImage({ image, nodeImage }) || stacks.some(({ action }) => action !== "none");
  const grows = stacks.some(({ name, action }) => name === stackNames.compute && action !== "none");
  const quotas = grows ? await plannedQuotas(deployment.account, settings, options) : [];
  const left = leftBy(deployment, settings);
  const warnings = hasChanges ? await planWarnings(deployment, { settings, image, nodeImage, grows }, options) : [];
  const cost = costCeiling(settings);
  return { wanted, image, nodeImage, stacks, templates, cost, quotas, warnings, left, hasChanges };
}

/** Whether an image has to be built first. */
export const buildsImage = ({ image, nodeImage }: Pick<Plan, "image" | "nodeImage">): boolean =>
  image.action === "build" || nodeImage?.action === "build";

async function plannedStack(
  { account, commands }: Deployment,
  name: string,
  stack: StackDetail | undefined,
  template: Template,
  options: AbortOptions & { readonly wait?: boolean },
): Promise<PlannedStack> {
  const state = stackState(stack?.status);
  if (stack === undefined || state !== "ready") {
    const waits = state === "busy" && options.wait === true;
    const resources = stack === undefined || waits ? [] : await account.stacks.resources(stack.id, options);
    const refused = stack === undefined || waits ? undefined : refusal(stack, state, resources, commands);
    if (refused !== undefined) throw refused;
    if (!waits) {
      return { name, status: stack?.status, action: "create", changes: diffTemplates(undefined, template) };
    }
  }
  const text = stack === undefined ? "{}" : await account.stacks.template(stack.id, options);
  const before = JSON.parse(text) as Pick<Template, "Resources">;
  const changes = diffTemplates(before, template);
  return { name, status: stack?.status, action: changes.length === 0 ? "none" : "update", changes };
}

/** For a person. */
export function planLines({ wanted, image, nodeImage, stacks, quotas, warnings, hasChanges }: Plan): readonly string[] {
  const { deployment, region, accountId }: ProvisionSettings = wanted.settings;
  const lines = [`deployment ${deployment} in ${region} of account ${accountId}`];
  for (const { name, action, changes } of stacks) {
    lines.push(`stack ${name}: ${action === "none" ? "no change" : action}`);
    for (const { action: what, logicalId, type, paths } of changes) {
      const sign = { add: "+", modify: "~", remove: "-" }[what];
      lines.push(`  ${sign} ${type} ${logicalId}${paths.length === 0 ? "" : `: ${paths.join(", ")}`}`);
    }
    // CloudFormation deletes the old queue once the new one stands, and AWS Batch ends what is in it.
    if (changes.some((one) => one.action === "remove" && one.type === "AWS::Batch::JobQueue"))
      lines.push("  warning: the jobs in a job queue that is removed are ended; let a running `start` finish first");
  }
  lines.push(`image: ${imageText(image)}`);
  if (nodeImage !== undefined) lines.push(`node image: ${imageText(nodeImage)}`);
  for (const { level, text, fix } of quotas) if (level !== "ok") lines.push(`warning: vCPU quotas: ${text}; ${fix}`);
  for (const text of warnings) lines.push(`warning: ${text}`);
  if (!hasChanges) lines.push("nothing to change");
  return lines;
}
