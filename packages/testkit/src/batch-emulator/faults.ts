import { Random } from "../simulator/random.ts";

/**
 * What may happen to an attempt: `spot` its EC2 host is gone in the middle; `fargate-spot` SIGTERM, then SIGKILL, exit code 137;
 * `oom` killed with 137; `image-pull` it never starts; `ghost` Batch takes the host for lost and starts the next attempt, while
 * the container goes on; `twin` two containers of the same attempt run at once and the first one's exit counts.
 */
export type AttemptFault = "spot" | "fargate-spot" | "oom" | "image-pull" | "ghost" | "twin";

/** When an attempt meets a fault. */
export interface AttemptFaultRule {
  readonly fault: AttemptFault;
  /** Job names that contain this. @default all */
  readonly namePart?: string;
  /** Of an array, this child only. @default all */
  readonly index?: number;
  /** This attempt only, counted from 1. @default all */
  readonly attempt?: number;
  /** How likely. @default 1 */
  readonly rate?: number;
  /** How often at most. @default without end */
  readonly times?: number;
  /** Milliseconds of RUNNING before it happens, drawn between the two; a container that is over sooner escapes. @default [0, 300] */
  readonly afterMs?: readonly [number, number];
}

/**
 * What may happen to a call of the API: `lost-response` it was done, then the connection was cut; `lost-request` it was not;
 * `throttle` 429; `access-denied` 403; `expired-token` 403; `server-error` 500; `stall` no answer for ever.
 */
export type CallFault =
  | "lost-response"
  | "lost-request"
  | "throttle"
  | "access-denied"
  | "expired-token"
  | "server-error"
  | "stall";

/** When a call meets a fault. */
export interface CallFaultRule {
  readonly fault: CallFault;
  /** As `SubmitJob`. @default all */
  readonly operations?: readonly string[];
  /** How likely. @default 1 */
  readonly rate?: number;
  /** How often at most. @default without end */
  readonly times?: number;
}

interface Entry<Rule> {
  readonly rule: Rule;
  left: number;
}

/** Decides what goes wrong: rules in their order, chance by a seed; counts what happened. */
export class Faults {
  readonly #random: Random;
  #attempts: Entry<AttemptFaultRule>[] = [];
  #calls: Entry<CallFaultRule>[] = [];
  readonly #happened: Record<string, number> = {};

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  addAttemptRule(rule: AttemptFaultRule): void {
    this.#attempts.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  addCallRule(rule: CallFaultRule): void {
    this.#calls.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#attempts = [];
    this.#calls = [];
  }

  /** How often each fault really happened: a container may end before its host does. */
  get happened(): Readonly<Record<string, number>> {
    return { ...this.#happened };
  }

  count(fault: AttemptFault | CallFault): void {
    this.#happened[fault] = (this.#happened[fault] ?? 0) + 1;
  }

  /** What happens to an attempt, and after how many milliseconds. */
  pickAttempt(
    name: string,
    index: number | undefined,
    attempt: number,
  ): { readonly fault: AttemptFault; readonly afterMs: number } | undefined {
    for (const entry of this.#attempts) {
      const { rule } = entry;
      if (rule.namePart !== undefined && !name.includes(rule.namePart)) continue;
      if (rule.index !== undefined && rule.index !== index) continue;
      if (rule.attempt !== undefined && rule.attempt !== attempt) continue;
      if (!this.#happens(entry)) continue;
      const [least, most] = rule.afterMs ?? [0, 300];
      return { fault: rule.fault, afterMs: least + this.#random.next() * (most - least) };
    }
    return undefined;
  }

  pickCall(operation: string): CallFault | undefined {
    const entry = this.#calls.find((one) => (one.rule.operations?.includes(operation) ?? true) && this.#happens(one));
    if (entry !== undefined) this.count(entry.rule.fault);
    return entry?.rule.fault;
  }

  #happens(entry: Entry<{ readonly rate?: number }>): boolean {
    if (entry.left <= 0 || !this.#random.chance(entry.rule.rate ?? 1)) return false;
    entry.left -= 1;
    return true;
  }
}
