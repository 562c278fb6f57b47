import { LIMITS } from "./limits.ts";

/**
 * How the characters of a container override are counted. Nobody documents what Batch itself adds to it:
 * `own` counts the JSON of command, environment of the job, and resources alone; `measured` adds 512 for the AWS_BATCH_*
 * variables, with which the limit lies where two teams met refusals (7,680 and 7,765 of their own); `strictest` adds 1,024, counts
 * the definition's environment too, and writes JSON as the most careful writer does (`\/`, `\u00e9`).
 */
export type OverrideRule = "own" | "measured" | "strictest";

/** What Batch hands to ECS for one container. */
export interface ContainerOverride {
  readonly command: readonly string[];
  /** Of the job alone. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of the definition. */
  readonly definitionEnvironment: Readonly<Record<string, string>>;
  readonly resourceRequirements: readonly { readonly type: string; readonly value: string }[];
}

const ADDED: Readonly<Record<OverrideRule, number>> = { own: 0, measured: 512, strictest: 1_024 };

/** Characters of an override by a rule. */
export function overrideChars(override: ContainerOverride, rule: OverrideRule): number {
  const variables = { ...(rule === "strictest" ? override.definitionEnvironment : {}), ...override.environment };
  const environment = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const { command, resourceRequirements } = override;
  const json = JSON.stringify({ command, environment, resourceRequirements });
  if (rule !== "strictest") return json.length + ADDED[rule];
  const escaped = json.replaceAll("/", "\\/").replaceAll(/[^\x20-\x7e]/g, "\\u0000");
  return escaped.length + ADDED[rule];
}

/** The reason with which a job fails whose override is too long; `undefined` when it is not. */
export function overrideTooLong(override: ContainerOverride, rule: OverrideRule): string | undefined {
  const most = LIMITS.overrideChars.value;
  return overrideChars(override, rule) > most ? `Container Overrides length must be at most ${most}` : undefined;
}
