import type { ProvisionChoices } from "../settings/index.ts";
import type { Template } from "../templates/template.ts";

/** What a user decided about a deployment: everything but where it is. `undefined` is the default. Plain data, so that a stack can remember it. */
export type Choices = Omit<Partial<ProvisionChoices>, "region" | "accountId" | "deployment" | "partition">;

type OrNull<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** What a user says now. `undefined` says nothing: what was chosen before stays; `null` goes back to the default. */
export type Said = Omit<OrNull<Choices>, "gpu"> & {
  readonly gpu?: OrNull<NonNullable<Choices["gpu"]>> | null | undefined;
};

/** Something that a deployment had before it got another one, and that was kept because data is in it. */
export interface LeftBehind {
  /** As `AWS::S3::Bucket`. */
  readonly type: string;
  readonly name: string;
}

/** What the templates of a deployment remember of the run that last changed their stack. */
export interface Note {
  readonly choices: Choices;
  /** Number of the run; 0 when its template does not tell. The stack that was changed last knows best. */
  readonly run: number;
  readonly left: readonly LeftBehind[];
}

const CHOICES = "ScalerAwsHpcChoices";
const RUN = "ScalerAwsHpcRun";
const LEFT = "ScalerAwsHpcLeft";

/** The template with a note; CloudFormation keeps it and makes nothing of it. */
export const withNote = (
  template: Template,
  { choices, run, left }: Note,
): Template & { readonly Metadata: object } => ({
  ...template,
  Metadata: { [CHOICES]: choices, [RUN]: run, ...(left.length > 0 && { [LEFT]: left }) },
});

/** What a template remembers; nothing of one that does not tell. What was chosen is checked with all other settings when they are put together. */
export function readNote({ Metadata = {} }: { readonly Metadata?: Readonly<Record<string, unknown>> }): Note {
  const { [CHOICES]: choices, [RUN]: run, [LEFT]: left } = Metadata;
  return {
    choices: typeof choices === "object" && choices !== null ? (choices as Choices) : {},
    run: typeof run === "number" ? run : 0,
    left: Array.isArray(left) ? (left as readonly LeftBehind[]) : [],
  };
}

/**
 * What was chosen, by what both stacks remember. A run changes one stack and not the other where only one differs, so the later one knows all of it; from the same
 * run the compute stack knows the image too.
 */
export function rememberedChoices(base: Note, compute: Note): Choices {
  if (base.run === compute.run) return mergeChoices(base.choices, compute.choices);
  return base.run > compute.run ? base.choices : compute.choices;
}

const NESTED: ReadonlySet<string> = new Set(["job", "gpu", "node"] satisfies (keyof Choices)[]);

/** What is said now, and for the rest what was said before. */
export const mergeChoices = (before: Choices, now: Said): Choices => merge(before, now);

function merge(before: object, now: object): object {
  const all = new Map<string, unknown>(Object.entries(before));
  for (const [key, value] of Object.entries(now)) {
    if (value === null) all.delete(key);
    else if (value !== undefined) all.set(key, NESTED.has(key) ? merge(all.get(key) ?? {}, value) : value);
  }
  return Object.fromEntries(all);
}
