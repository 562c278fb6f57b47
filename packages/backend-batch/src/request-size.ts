import type { JobDefinition, SubmitJobRequest } from "./batch-api.ts";
import { PARAMETER_NAMES } from "./job-parameters.ts";

/** Size of a SubmitJob request that AWS Batch refuses at once, in bytes ("Job size must be less than 30 KiB"). */
export const MAX_REQUEST_BYTES = 30 * 1024;

/**
 * Characters of what Batch hands to ECS for a job: command after substitution, environment and resource requirements, as JSON. ECS allows 8,192 and Batch
 * adds variables of its own; jobs with 7,680 were seen to fail, after they had been accepted.
 */
export const MAX_OVERRIDE_CHARACTERS = 7_000;

/** The smallest request has room for signing-independent fields that the SDK may add. */
const REQUEST_MARGIN_BYTES = 512;
const REFERENCE = /Ref::([A-Za-z0-9_-]+)/g;

/** Parameters that the definition's command does not use: without them a job's work would never reach its runner. */
export function missingReferences(command: readonly string[]): readonly string[] {
  const used = new Set(command.flatMap((word) => [...word.matchAll(REFERENCE)].map(([, name]) => name)));
  return PARAMETER_NAMES.filter((name) => !used.has(name));
}

/** The command as Batch makes it: `Ref::name` gives way to the parameter, the job's before the definition's own. */
export function substitute(
  command: readonly string[],
  parameters: Readonly<Record<string, string>>,
): readonly string[] {
  return command.map((word) => word.replaceAll(REFERENCE, (whole, name: string) => parameters[name] ?? whole));
}

/** Characters of the override that a request makes of a definition. */
export function overrideCharacters(definition: JobDefinition, request: SubmitJobRequest): number {
  const container = definition.containerProperties ?? {};
  const { containerOverrides = {} } = request;
  const parameters = { ...definition.parameters, ...request.parameters };
  const needs = [...(containerOverrides.resourceRequirements ?? [])];
  for (const need of container.resourceRequirements ?? []) {
    if (!needs.some(({ type }) => type === need.type)) needs.push(need);
  }
  return JSON.stringify({
    command: substitute(containerOverrides.command ?? container.command ?? [], parameters),
    environment: [...(container.environment ?? []), ...(containerOverrides.environment ?? [])],
    resourceRequirements: needs,
  }).length;
}

/** Bytes of a request's body. */
export function requestBytes(request: SubmitJobRequest): number {
  return Buffer.byteLength(JSON.stringify(request)) + REQUEST_MARGIN_BYTES;
}

/** Whether a request passes both walls. */
export function fits(definition: JobDefinition, request: SubmitJobRequest): boolean {
  return (
    requestBytes(request) <= MAX_REQUEST_BYTES && overrideCharacters(definition, request) <= MAX_OVERRIDE_CHARACTERS
  );
}

/**
 * The largest inline bundle, in bytes, with which `request` passes both walls; 0 when none does.
 * @param request one with the longest values that any job of this profile can have
 */
export function inlineRoom(definition: JobDefinition, request: SubmitJobRequest): number {
  const fitsWith = (bytes: number): boolean => {
    const payload = "A".repeat(Math.ceil((bytes * 4) / 3));
    return fits(definition, { ...request, parameters: { ...request.parameters, payload } });
  };
  let [low, high] = [0, MAX_REQUEST_BYTES];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fitsWith(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
