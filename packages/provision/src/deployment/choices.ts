import type { ProvisionChoices } from "../settings/index.ts";
import type { Template } from "../templates/template.ts";

/** What a user decided about a deployment: everything but where it is. `undefined` is the default. Plain data, so that a stack can remember it. */
export type Choices = Omit<Partial<ProvisionChoices>, "region" | "accountId" | "deployment" | "partition">;

const KEY = "ScalerAwsHpcChoices";

/** The template with a note of what was chosen; CloudFormation keeps it and makes nothing of it. */
export const withChoices = (template: Template, choices: Choices): Template & { readonly Metadata: object } => ({
  ...template,
  Metadata: { [KEY]: choices },
});

/** What was chosen when a stack was last made or changed; nothing when its template does not tell. */
export function rememberedChoices(template: string): Choices {
  try {
    const { Metadata } = JSON.parse(template) as { readonly Metadata?: Readonly<Record<string, unknown>> };
    const found = Metadata?.[KEY];
    // Checked with all other settings when they are put together.
    return typeof found === "object" && found !== null ? (found as Choices) : {};
  } catch {
    return {};
  }
}

/** What is said now, and for the rest what was said before. */
export function mergeChoices(before: Choices, now: Choices): Choices {
  const said = Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined)) as Choices;
  return {
    ...before,
    ...said,
    ...((before.job || said.job) && { job: { ...before.job, ...definedOf(said.job) } }),
    ...((before.gpu || said.gpu) && { gpu: { ...before.gpu, ...definedOf(said.gpu) } }),
    ...((before.node || said.node) && { node: { ...before.node, ...definedOf(said.node) } }),
  };
}

const definedOf = (fields: object | undefined): object =>
  Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined));
