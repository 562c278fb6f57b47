import { clientFault } from "./api-refusal.ts";
import { type Fields, fieldsOf, integerOf, listOf, textOf } from "./fields.ts";
import { LIMITS } from "./limits.ts";

/** One rule of `evaluateOnExit`. */
export interface ExitRule {
  readonly onStatusReason?: string;
  readonly onReason?: string;
  readonly onExitCode?: string;
  readonly action: "RETRY" | "EXIT";
}

/** A job's retry strategy. */
export interface RetryStrategy {
  readonly attempts: number;
  readonly evaluateOnExit: readonly ExitRule[];
}

/** How an attempt failed, as far as rules look at it. */
export interface FailedAttempt {
  readonly statusReason?: string | undefined;
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
}

const PATTERNS = [
  ["onStatusReason", /^[A-Za-z0-9.:\s]*\*?$/],
  ["onReason", /^[A-Za-z0-9.:\s]*\*?$/],
  ["onExitCode", /^[0-9]*\*?$/],
] as const;

/** Reads a retry strategy as Batch validates it. @throws {ApiRefusal} `ClientException` */
export function readRetryStrategy(value: unknown): RetryStrategy {
  const fields = fieldsOf(value, "retryStrategy");
  const attempts = integerOf(fields, "attempts");
  const rules = listOf(fields, "evaluateOnExit");
  if (rules !== undefined && attempts === undefined)
    throw clientFault("retryStrategy: attempts must be specified when evaluateOnExit is");
  if (attempts !== undefined && (attempts < LIMITS.leastAttempts.value || attempts > LIMITS.mostAttempts.value))
    throw clientFault(`Retry attempts must be between ${LIMITS.leastAttempts.value} and ${LIMITS.mostAttempts.value}.`);
  if (rules !== undefined && rules.length > LIMITS.exitRules.value)
    throw clientFault(`evaluateOnExit cannot have more than ${LIMITS.exitRules.value} objects.`);
  return { attempts: attempts ?? 1, evaluateOnExit: (rules ?? []).map((rule) => readRule(fieldsOf(rule, "rule"))) };
}

function readRule(fields: Fields): ExitRule {
  const action = textOf(fields, "action")?.toUpperCase();
  if (action !== "RETRY" && action !== "EXIT") throw clientFault("evaluateOnExit action must be RETRY or EXIT.");
  const rule: Record<string, string> = {};
  for (const [name, allowed] of PATTERNS) {
    const pattern = textOf(fields, name);
    if (pattern === undefined) continue;
    if (pattern === "" || pattern.length > LIMITS.patternChars.value || !allowed.test(pattern))
      throw clientFault(`evaluateOnExit ${name} does not match the allowed pattern.`);
    rule[name] = pattern;
  }
  if (Object.keys(rule).length === 0) throw clientFault("evaluateOnExit needs a condition beside its action.");
  return { ...rule, action };
}

/**
 * Whether a failed attempt is followed by another one, were there attempts left. The first rule decides all of whose
 * conditions hold; **when none does, the job is retried**.
 */
export function isRetried(failed: FailedAttempt, rules: readonly ExitRule[]): boolean {
  const exit = failed.exitCode === undefined ? undefined : String(failed.exitCode);
  const rule = rules.find(
    ({ onStatusReason, onReason, onExitCode }) =>
      matches(onStatusReason, failed.statusReason) && matches(onReason, failed.reason) && matches(onExitCode, exit),
  );
  return rule === undefined || rule.action === "RETRY";
}

/** `*` matches what is absent too: it is what AWS's own examples end their rules with. */
function matches(pattern: string | undefined, text: string | undefined): boolean {
  if (pattern === undefined) return true;
  return pattern.endsWith("*") ? (text ?? "").startsWith(pattern.slice(0, -1)) : text === pattern;
}
