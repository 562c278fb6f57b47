import { isDeepStrictEqual } from "node:util";
import { isClientError } from "@scaler-aws-hpc/client/format";
import type { ClientRecord } from "./client-record.ts";
import type { Answer, Fate, Spec } from "./sim-worker.ts";

/** All that may have happened to a task, as far as its owner knows. */
export interface TaskFacts {
  readonly spec: Spec;
  readonly salts: readonly number[];
  readonly record: ClientRecord;
  id: string;
  /** Its owner called `cancel`, `clear` or `shutdown`. */
  canceled: boolean;
  /** Why its owner gave it up by a signal. */
  abandoned: Error | undefined;
  /** A value that it was given by reference was released. */
  released: boolean;
  closed: boolean;
}

const CODES: Readonly<Record<Fate, string | undefined>> = {
  value: undefined,
  throws: undefined,
  dies: "worker-died",
  timeout: "timeout",
  python: "foreign",
};

/** Says what is wrong with how a task was settled, if anything is. */
export function wrongOutcome(facts: TaskFacts, outcome: PromiseSettledResult<unknown>): string | undefined {
  const { spec, salts } = facts;
  if (outcome.status === "fulfilled") return wrongValue(facts, outcome.value);
  const { reason } = outcome;
  if (reason === facts.abandoned && reason !== undefined) return undefined;
  if (reason instanceof RangeError) {
    const { n } = reason as RangeError & { n?: number };
    return spec.fate === "throws" && n === spec.n ? undefined : `task ${spec.n} (${spec.fate}) failed with ${reason}`;
  }
  if (!isClientError(reason)) return `task ${spec.n} failed with something of no name: ${(reason as Error)?.stack}`;
  if (allowed(facts).includes(reason.code)) return undefined;
  return `task ${spec.n} (${spec.fate}, ${salts.length} values) failed with ${reason.message}: ${String(reason.cause)}`;
}

function wrongValue({ spec, salts, abandoned }: TaskFacts, value: unknown): string | undefined {
  const right: Answer = { n: spec.n, salts };
  if (spec.fate !== "value" || !isDeepStrictEqual(value, right)) {
    return `task ${spec.n} (${spec.fate}) came back with ${JSON.stringify(value)}`;
  }
  return abandoned === undefined ? undefined : `task ${spec.n} was given up and came back`;
}

function allowed(facts: TaskFacts): readonly (string | undefined)[] {
  const { record } = facts;
  const codes: (string | undefined)[] = [CODES[facts.spec.fate]];
  if (facts.canceled) codes.push("canceled");
  if (facts.closed) codes.push("closed");
  if (record.lost) codes.push("disconnected");
  if (record.storageFailed) codes.push("storage");
  if (facts.released) codes.push("config");
  if (record.prepareFailed) codes.push("bundle");
  // The tasks of a map do not tell their ids.
  if (facts.id === "" ? record.tampered.size > 0 : record.tampered.has(facts.id)) codes.push("corrupt", "storage");
  return codes;
}
