import type { Failure, FailureKind } from "@scaler-aws-hpc/adapter-core";
import type { JobDetail, JobSummary } from "./batch-api.ts";

/** What Batch says of the end of a job, a child or an attempt. */
export interface EndFacts {
  readonly statusReason?: string | undefined;
  /** What the container's runtime says. */
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
  /** Somebody cancelled or terminated it. */
  readonly stopped?: boolean;
}

// First match wins. Texts of Batch, ECS and its agent; the exit code alone says little: 137 stands for memory, Spot on Fargate and any SIGKILL.
const BY_TEXT: readonly (readonly [RegExp, FailureKind])[] = [
  [/OutOfMemory|out of memory/i, "oom"],
  [/attempt duration exceeded timeout|exceeded timeout/i, "timeout"],
  [/Spot Task was interrupted|spot (?:instance )?interruption/i, "spot"],
  [/^Host EC2|^Host .*terminated|CannotInspectContainerError|AgentError|instance .* (?:terminated|stopped)/i, "host"],
  [/Container Overrides length|job ?definition|^Invalid|(?:can't contain an|cannot have) empty string/i, "definition"],
  [/^MISCONFIGURATION/, "definition"],
  [
    /Task failed to start|CannotPull|CannotStart|CannotCreate|DockerTimeout|ResourceInitialization|InternalError|exec format error|executable file not found/i,
    "image",
  ],
];

/**
 * What the runner's exit codes say (docs/runner-protocol.md), which no task can bring about: 64 and 78 that it cannot be started so, 74 that it cannot reach the
 * store, 143 that its machine told it to stop. 2, 126 and 127 are an interpreter's or a shell's that did not find it.
 */
const BY_EXIT_CODE: ReadonlyMap<number | undefined, FailureKind> = new Map<number, FailureKind>([
  [64, "definition"],
  [78, "definition"],
  [74, "host"],
  [143, "host"],
  [2, "image"],
  [126, "image"],
  [127, "image"],
]);

/**
 * Sorts an end by what AWS says of it, else by the runner's exit code.
 * @param onSpot whether the machines are Spot instances: a host that went away was then most likely taken back
 */
export function failureKind(facts: EndFacts, onSpot: boolean): FailureKind {
  const text = [facts.reason, facts.statusReason];
  for (const [pattern, kind] of BY_TEXT) {
    if (!text.some((part) => part !== undefined && pattern.test(part))) continue;
    // A termination's reason is free text of whoever asked for it.
    if (facts.stopped && kind !== "timeout") break;
    return kind === "host" && onSpot && /^Host EC2/.test(facts.statusReason ?? "") ? "spot" : kind;
  }
  if (facts.stopped) return "cancelled";
  return facts.exitCode === undefined ? "lost" : (BY_EXIT_CODE.get(facts.exitCode) ?? "exit");
}

const ABORTED = 134;
/** What the log says when V8 ends a Node runner because one allocation was larger than all that is left. */
const HEAP_FULL = /JavaScript heap out of memory|FATAL ERROR: .*(?:Allocation failed|invalid table size)/i;

/** The failure in the words of AWS, with exit code and log tail where there are any. */
export function explain(facts: EndFacts, onSpot: boolean, attempt: number, logTail?: readonly string[]): Failure {
  const heapFull = facts.exitCode === ABORTED && logTail?.some((line) => HEAP_FULL.test(line)) === true;
  const kind = heapFull ? "oom" : failureKind(facts, onSpot);
  const said = [...new Set([facts.statusReason, facts.reason].filter((part) => part !== undefined && part !== ""))];
  const code = facts.exitCode === undefined ? [] : [`exit code ${facts.exitCode}`];
  const tries = attempt > 1 ? [`after ${attempt} attempts`] : [];
  const hint = HINTS[kind] === undefined ? [] : [HINTS[kind]];
  const reason = [...(said.length > 0 ? said : ["AWS Batch gives no reason"]), ...code, ...tries, ...hint].join("; ");
  return {
    kind,
    reason: reason.slice(0, 1_000),
    ...(facts.exitCode !== undefined && { exitCode: facts.exitCode }),
    ...(logTail !== undefined && logTail.length > 0 && { logTail }),
  };
}

const HINTS: Partial<Record<FailureKind, string>> = {
  oom: "give the profile or the job definition more memory",
  image: "look at the job definition's image, its architecture and the execution role",
};

/** The end of a job or child, from its details: of the last attempt where there was one. */
export function factsOf(detail: JobDetail): EndFacts {
  const last = detail.attempts?.at(-1);
  return {
    statusReason: detail.statusReason ?? last?.statusReason,
    reason: last?.container?.reason ?? detail.container?.reason,
    exitCode: last?.container?.exitCode ?? detail.container?.exitCode,
    stopped: detail.isCancelled === true || detail.isTerminated === true,
  };
}

/** The end of a child, from a listing. */
export function summaryFacts(summary: JobSummary): EndFacts {
  return {
    statusReason: summary.statusReason,
    reason: summary.container?.reason,
    exitCode: summary.container?.exitCode,
    stopped: summary.isCancelled === true || summary.isTerminated === true,
  };
}
