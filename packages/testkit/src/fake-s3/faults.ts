import { Random } from "../simulator/random.ts";
import type { S3Operation } from "./call.ts";

/**
 * What may go wrong with a request: `slow-down` 503, `internal-error` 500, `conflict` 409 as two conditional writes at once
 * give it, `access-denied` and `expired-token` 403 and 400, `truncated` half of the answer's body and then no connection,
 * `lost-response` no answer though the request was done, `lost-request` no answer and nothing was done, `stall` no answer for
 * ever.
 */
export type S3Fault =
  | "slow-down"
  | "internal-error"
  | "conflict"
  | "access-denied"
  | "expired-token"
  | "truncated"
  | "lost-response"
  | "lost-request"
  | "stall";

/** When a fault happens. */
export interface S3FaultRule {
  readonly fault: S3Fault;
  /** Only these operations. @default all */
  readonly operations?: readonly S3Operation[];
  /** Only keys that contain this. @default all */
  readonly keyPart?: string;
  /** Only requests that this access key signed. @default all */
  readonly caller?: string;
  /** How likely. @default 1 */
  readonly rate?: number;
  /** How often at most. @default without end */
  readonly times?: number;
}

/** Decides, by a seed and by rules in their order, what happens to a request. */
export class S3Faults {
  readonly #random: Random;
  #rules: { readonly rule: S3FaultRule; left: number }[] = [];

  constructor(seed: number, rules: readonly S3FaultRule[] = []) {
    this.#random = new Random(seed);
    for (const rule of rules) this.add(rule);
  }

  add(rule: S3FaultRule): void {
    this.#rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#rules = [];
  }

  pick(operation: S3Operation, key: string, caller: string): S3Fault | undefined {
    for (const entry of this.#rules) {
      const { operations, keyPart, rate = 1, fault } = entry.rule;
      if (entry.left <= 0 || (operations !== undefined && !operations.includes(operation))) continue;
      if (keyPart !== undefined && !key.includes(keyPart)) continue;
      if (entry.rule.caller !== undefined && entry.rule.caller !== caller) continue;
      if (!this.#random.chance(rate)) continue;
      entry.left -= 1;
      return fault;
    }
    return undefined;
  }
}
