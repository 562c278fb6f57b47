import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { DEPLOYMENT_TAG } from "../templates/tags.ts";
import type { StackDetail, StackResource } from "./stack-service.ts";
import type { StackState } from "./stack-state.ts";

/** Command lines that go on with, look at or take back this deployment, for messages. */
export interface NextCommands {
  readonly apply: string;
  readonly show: string;
  readonly destroy: string;
}

/**
 * Refuses a stack that was not made by this program for this deployment.
 * @throws {AdapterError} `conflict`
 */
export function assertOurs(stack: StackDetail, deployment: string, state: StackState): void {
  const owner = stack.tags[DEPLOYMENT_TAG];
  // Before its first change set has run a stack has no tags, and nothing else.
  if (owner === deployment || (state === "reviewed" && owner === undefined)) return;
  const got = owner === undefined ? "none" : JSON.stringify(owner);
  throw new AdapterError(
    "conflict",
    `stack ${stack.name} exists and is not ours: expected the tag ${DEPLOYMENT_TAG} to be ${JSON.stringify(deployment)}, got ${got}; nothing was touched; choose another name with --prefix`,
  );
}

/**
 * The error for a stack that cannot be updated as it is: what it is, what is in it, which command goes on or back.
 * `undefined` for one that can.
 *
 * @param goOn what waits for a busy one and then goes on
 */
export function refusal(
  stack: StackDetail,
  state: StackState,
  resources: readonly StackResource[],
  commands: NextCommands,
  goOn: string = commands.apply,
): AdapterError | undefined {
  const { name, status, statusReason, changedAt } = stack;
  const why = statusReason === undefined ? "" : ` (${statusReason})`;
  const held = heldText(resources);
  const since = changedAt === undefined ? "" : ` since ${changedAt.toISOString()}`;
  switch (state) {
    case "busy":
      return new AdapterError(
        "conflict",
        `stack ${name} is ${status}${since}: another run is under way, or AWS finishes an interrupted one; nothing was changed; wait for it with \`${goOn} --wait\`, look with \`${commands.show}\``,
      );
    case "stuck":
      return new AdapterError(
        "conflict",
        `stack ${name} is ${status}${why}: an update failed and so did going back; it holds ${held}; go back with \`aws cloudformation continue-update-rollback --stack-name ${name}\` and then on with \`${commands.apply}\`, or remove all with \`${commands.destroy}\``,
      );
    case "broken":
      return new AdapterError(
        "conflict",
        `stack ${name} is ${status}${why}: it is half-made and cannot be updated; it holds ${held}; remove it with \`${commands.destroy}\`, then make it anew with \`${commands.apply}\``,
      );
    case "undeleted":
      return new AdapterError(
        "conflict",
        `stack ${name} is ${status}${why}: it is half-deleted and cannot be updated; it holds ${held}; go on with \`${commands.destroy}\``,
      );
    default:
      return undefined;
  }
}

const GONE = /^DELETE_COMPLETE$|^REVIEW/;

/** Resources that are there, or may be. */
export const heldResources = (resources: readonly StackResource[]): readonly StackResource[] =>
  resources.filter(({ status, physicalId }) => physicalId !== undefined && !GONE.test(status));

/** Names of what a stack holds. */
export function heldText(resources: readonly StackResource[]): string {
  const held = heldResources(resources).map(({ type, physicalId = "" }) => `${type} ${physicalId}`);
  return held.length === 0 ? "nothing" : held.join(", ");
}
