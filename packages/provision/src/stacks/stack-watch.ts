import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import type { StackDetail, StackEvent, StackService } from "./stack-service.ts";
import { stackState } from "./stack-state.ts";
import type { Pause } from "./waiting.ts";

/** What following a stack needs. */
export interface WatchTools {
  readonly service: StackService;
  readonly pause: Pause;
  /** Progress, a line at a time, for a person. */
  readonly say: (line: string) => void;
  /** Milliseconds between looks. */
  readonly pollMs: number;
}

/** How an operation on a stack ended. */
export interface StackEnd {
  /** `undefined` when the stack is gone without a trace. */
  readonly stack: StackDetail | undefined;
  /** What failed, in the order in which it did, without what was only cancelled for it. */
  readonly failures: readonly StackEvent[];
  /** Resources that a delete left on purpose. */
  readonly skipped: readonly StackEvent[];
}

/** The newest event of a stack, before an operation begins: what {@link watchStack} starts behind. */
export async function newestEvent(
  service: StackService,
  stack: string,
  options?: AbortOptions,
): Promise<string | undefined> {
  const [newest] = await service.events(stack, undefined, options);
  return newest?.id;
}

/**
 * Tells what happens to a stack until no operation is under way. AWS goes on when this is aborted.
 * @param stack its ARN: a name finds nothing once the stack is deleted
 * @param from newest event before the operation
 */
export async function watchStack(
  tools: WatchTools,
  stack: string,
  from: string | undefined,
  options: AbortOptions = {},
): Promise<StackEnd> {
  const { service, say, pollMs } = tools;
  const failures: StackEvent[] = [];
  const skipped: StackEvent[] = [];
  let seen = from;
  for (let look = 1; ; look++) {
    // In this order: what ended the operation is then among the events.
    const found = await service.describe(stack, options);
    const fresh = found === undefined ? [] : await service.events(stack, seen, options);
    for (const event of fresh.toReversed()) {
      say(eventLine(event));
      if (isFailure(event)) failures.push(event);
      if (event.status === "DELETE_SKIPPED") skipped.push(event);
    }
    seen = fresh[0]?.id ?? seen;
    const over = stackState(found?.status) !== "busy";
    if (found === undefined || (over && (seen !== from || look >= QUIET_LOOKS)))
      return { stack: found, failures, skipped };
    await tools.pause(pollMs, options);
  }
}

/** Looks without any news after which an operation counts as over: before, CloudFormation may only not have told of its beginning. */
const QUIET_LOOKS = 4;

const STACK = "AWS::CloudFormation::Stack";

function eventLine({ logicalId, physicalId, type, status, statusReason }: StackEvent): string {
  const known = physicalId === undefined || physicalId === logicalId || type === STACK;
  const name = known ? logicalId : `${logicalId} (${physicalId})`;
  return `${status.padEnd(18)} ${type} ${name}${statusReason === undefined ? "" : `: ${statusReason}`}`;
}

const isFailure = ({ type, status, statusReason = "" }: StackEvent): boolean =>
  status.endsWith("_FAILED") && type !== STACK && !/^Resource .* cancelled/.test(statusReason);
