import { AdapterError, type AdapterErrorCode } from "@scaler-aws-hpc/adapter-core";
import { deniedAction } from "../aws/aws-failure.ts";
import { heldText, type NextCommands } from "./stack-refusal.ts";
import type { StackEvent, StackResource } from "./stack-service.ts";
import { stackState } from "./stack-state.ts";
import type { StackEnd } from "./stack-watch.ts";

/** The error for an operation that failed: the first cause, what exists now, which command goes on or back. */
export function stackFailure(
  name: string,
  { stack, failures }: StackEnd,
  resources: readonly StackResource[],
  commands: NextCommands,
): AdapterError {
  const [first] = failures;
  const status = stack?.status ?? "gone";
  const why = first === undefined ? (stack?.statusReason ?? "no reason was given") : causeText(first);
  const code = first === undefined ? "rejected" : codeOf(first.statusReason ?? "");
  const now = nowText(status, resources, commands);
  return new AdapterError(code, `stack ${name} is ${status}: ${why}; ${now}`);
}

function nowText(status: string, resources: readonly StackResource[], { apply, destroy }: NextCommands): string {
  switch (stackState(status)) {
    case "ready":
      return `it is as it was before and holds ${heldText(resources)}; mend the cause, then go on with \`${apply}\``;
    case "reviewed":
      return `nothing was made; mend the cause, then go on with \`${apply}\``;
    case "absent":
    case "empty":
      return `what had been made was removed again; mend the cause, then go on with \`${apply}\``;
    default:
      return `it holds ${heldText(resources)}; remove it with \`${destroy}\``;
  }
}

const TAKEN = /already exists|AlreadyExists|already owned|name is already/i;
const QUOTA = /limit exceeded|LimitExceeded|quota|maximum number of/i;

function causeText({ type, logicalId, physicalId, statusReason = "no reason was given" }: StackEvent): string {
  const what = `${type} ${physicalId ?? logicalId}`;
  const action = deniedAction(statusReason);
  if (action !== undefined)
    return `${what}: ${action} is not allowed; allow it to the credentials that are used (${statusReason})`;
  if (TAKEN.test(statusReason)) {
    const other =
      type === "AWS::S3::Bucket" ? ", perhaps another account's: names of buckets are for all accounts" : "";
    return `${what}: the name is taken${other}; choose another with --prefix, or remove what has it (${statusReason})`;
  }
  if (QUOTA.test(statusReason)) return `${what}: a quota of the account is used up; raise it (${statusReason})`;
  return `${what}: ${statusReason}`;
}

function codeOf(reason: string): AdapterErrorCode {
  if (deniedAction(reason) !== undefined || /AccessDenied/.test(reason)) return "denied";
  return TAKEN.test(reason) ? "conflict" : "rejected";
}
