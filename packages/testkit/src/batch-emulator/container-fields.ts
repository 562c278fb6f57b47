import { clientFault } from "./api-refusal.ts";
import { type Fields, fieldsOf, integerOf, listOf, requiredText, textOf, textsOf } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/** `command` of a definition or of an override. @throws {ApiRefusal} `ClientException` for empty strings */
export function readCommand(container: Fields): readonly string[] | undefined {
  const command = textsOf(container, "command");
  if (command !== undefined) refuseEmpty(command);
  return command;
}

/** Batch looks for empty strings after parameters were put in as well. @throws {ApiRefusal} `ClientException` */
export function refuseEmpty(command: readonly string[]): void {
  if (command.includes("")) throw clientFault("Command field cannot have empty strings");
}

/** `environment`, as a map. @throws {ApiRefusal} `ClientException` for names that Batch keeps for itself */
export function readEnvironment(container: Fields): Readonly<Record<string, string>> {
  const variables = (listOf(container, "environment") ?? []).map((entry) => {
    const variable = fieldsOf(entry, "environment");
    const name = requiredText(variable, "name");
    if (name.startsWith("AWS_BATCH"))
      throw clientFault("Environment variable names must not start with AWS_BATCH; that prefix is reserved");
    return [name, textOf(variable, "value") ?? ""] as const;
  });
  return Object.fromEntries(variables);
}

/** VCPU, MEMORY and GPU; the fields that came before them are understood. @throws {ApiRefusal} `ClientException` */
export function readResources(container: Fields): Readonly<Record<string, string>> {
  const resources: Record<string, string> = {};
  const vcpus = integerOf(container, "vcpus");
  const memory = integerOf(container, "memory");
  if (vcpus !== undefined) resources["VCPU"] = String(vcpus);
  if (memory !== undefined) resources["MEMORY"] = String(memory);
  for (const entry of listOf(container, "resourceRequirements") ?? []) {
    const requirement = fieldsOf(entry, "resourceRequirements");
    const type = requiredText(requirement, "type");
    const value = requiredText(requirement, "value");
    if (!["VCPU", "MEMORY", "GPU"].includes(type)) throw clientFault(`resourceRequirements type ${type} is not valid`);
    const number = Number(value);
    if (!(number > 0) || (type !== "VCPU" && !Number.isInteger(number)))
      throw clientFault(`resourceRequirements ${type}: ${value} is not valid`);
    if (type === "MEMORY" && number < 4) throw clientFault("Container memory must be at least 4 MiB");
    resources[type] = value;
  }
  return resources;
}

/** `timeout` of a job or a definition. @throws {ApiRefusal} `ClientException` below 60 seconds */
export function readTimeout(request: Fields): number | undefined {
  if (request["timeout"] === undefined || request["timeout"] === null) return undefined;
  const seconds = integerOf(fieldsOf(request["timeout"], "timeout"), "attemptDurationSeconds");
  if (seconds === undefined || seconds < LIMITS.leastTimeoutSeconds.value)
    throw clientFault(`Timeout attemptDurationSeconds must be at least ${LIMITS.leastTimeoutSeconds.value}`);
  return seconds;
}
