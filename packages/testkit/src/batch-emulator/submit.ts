import { clientFault } from "./api-refusal.ts";
import { readCommand, readEnvironment, readResources, readTimeout, refuseEmpty } from "./container-fields.ts";
import { type Definitions, NAME } from "./definitions.ts";
import { checkEc2, checkFargate } from "./fargate-sizes.ts";
import { type Fields, fieldsOf, integerOf, listOf, mapOf, requiredText, textOf } from "./fields.ts";
import type { JobSpec } from "./job.ts";
import { LIMITS } from "./limits.ts";
import { type OverrideRule, overrideTooLong } from "./override-size.ts";
import type { Queues } from "./queues.ts";
import { readRetryStrategy } from "./retry-rules.ts";

/** What a SubmitJob is judged with. */
export interface SubmitContext {
  readonly queues: Queues;
  readonly definitions: Definitions;
  readonly overrideRule: OverrideRule;
}

/** A SubmitJob that is accepted. */
export interface Submission {
  readonly spec: JobSpec;
  /** Children of an array; `undefined` for a single job. */
  readonly size: number | undefined;
}

/** Judges a SubmitJob as Batch does before it answers. @throws {ApiRefusal} `ClientException` */
export function readSubmit(request: Fields, bytes: number, context: SubmitContext): Submission {
  if (bytes > LIMITS.submitBytes.value)
    throw clientFault(`Job size must be less than 30 KiB, got ${Math.ceil(bytes / 1024)} KiB`);
  const name = requiredText(request, "jobName");
  if (!NAME.test(name)) throw clientFault("Job name should match valid pattern");
  const queueName = requiredText(request, "jobQueue");
  const queue = context.queues.find(queueName);
  if (queue === undefined) throw clientFault(`JobQueue ${queueName} not found.`);
  if (!queue.enabled) throw clientFault(`JobQueue ${queueName} is not ENABLED.`);
  const definitionName = requiredText(request, "jobDefinition");
  const definition = context.definitions.find(definitionName);
  if (definition === undefined) throw clientFault(`JobDefinition ${definitionName} not found.`);
  if (request["shareIdentifier"] !== undefined)
    throw clientFault("shareIdentifier must not be specified for a queue without a scheduling policy");
  const size = readSize(request);
  const overrides = fieldsOf(request["containerOverrides"] ?? {}, "containerOverrides");
  const parameters = { ...definition.parameters, ...mapOf(request, "parameters") };
  const command = substitute(readCommand(overrides) ?? definition.command, parameters);
  refuseEmpty(command);
  const own = readEnvironment(overrides);
  const resources = { ...definition.resources, ...readResources(overrides) };
  (queue.type.startsWith("FARGATE") ? checkFargate : checkEc2)(resources);
  const tags = mapOf(request, "tags");
  checkTags(tags);
  const propagateTags = (request["propagateTags"] ?? definition.propagateTags) === true;
  const tooLong = overrideTooLong(
    {
      command,
      environment: own,
      definitionEnvironment: definition.environment,
      resourceRequirements: Object.entries(resources).map(([type, value]) => ({ type, value })),
    },
    context.overrideRule,
  );
  const allTags = Object.keys({ ...definition.tags, ...tags }).length;
  const tooMany = propagateTags && allTags > LIMITS.tags.value ? "Tags exceed the maximum of 50" : undefined;
  const retry = request["retryStrategy"];
  const spec: JobSpec = {
    name,
    queue,
    definition,
    parameters,
    command,
    environment: { ...definition.environment, ...own },
    resources,
    retry: (retry === undefined ? definition.retryStrategy : readRetryStrategy(retry)) ?? {
      attempts: 1,
      evaluateOnExit: [],
    },
    timeoutSeconds: readTimeout(request) ?? definition.timeoutSeconds,
    tags,
    propagateTags,
    dependsOn: readDependencies(request),
    createdAt: Date.now(),
    refused: tooLong ?? tooMany,
  };
  return { spec, size };
}

function readSize(request: Fields): number | undefined {
  if (request["arrayProperties"] === undefined) return undefined;
  const size = integerOf(fieldsOf(request["arrayProperties"], "arrayProperties"), "size");
  if (size === undefined) return undefined;
  const { leastArray, mostArray } = LIMITS;
  if (size < leastArray.value || size > mostArray.value)
    throw clientFault(`Array job size must be between ${leastArray.value} and ${mostArray.value}.`);
  return size;
}

/** Plain dependencies on whole jobs alone: nobody here uses the array kinds. */
function readDependencies(request: Fields): readonly string[] {
  const list = listOf(request, "dependsOn") ?? [];
  if (list.length > LIMITS.dependencies.value)
    throw clientFault(`A job can have at most ${LIMITS.dependencies.value} dependencies.`);
  return list.map((entry) => {
    const dependency = fieldsOf(entry, "dependsOn");
    if (textOf(dependency, "type") !== undefined) throw clientFault("dependencies of type N_TO_N are not emulated");
    return requiredText(dependency, "jobId");
  });
}

function checkTags(tags: Readonly<Record<string, string>>): void {
  const names = Object.keys(tags);
  if (names.length > LIMITS.tags.value) throw clientFault(`A job can have at most ${LIMITS.tags.value} tags.`);
  for (const name of names) {
    const value = tags[name] ?? "";
    if (name === "" || name.length > 128 || value.length > 256 || name.toLowerCase().startsWith("aws:"))
      throw clientFault(`Tag ${name} is not valid.`);
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(name + value)) throw clientFault(`Tag ${name} is not valid.`);
  }
}

/** Puts parameters where `Ref::name` stands; what has no parameter stays as it is. */
function substitute(command: readonly string[], parameters: Readonly<Record<string, string>>): readonly string[] {
  return command.map((word) =>
    word.replaceAll(/Ref::([A-Za-z0-9_-]+)/g, (whole, name: string) => parameters[name] ?? whole),
  );
}
