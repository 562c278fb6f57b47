import type { AbortOptions, Log } from "@scaler-aws-hpc/adapter-core";
import { classifyAwsFailure } from "./aws-failure.ts";
import { type BatchApi, TERMINATE_MOST } from "./batch-api.ts";
import type { CallGate } from "./call-gate.ts";
import type { JobRecord } from "./job-record.ts";

/** What is to be ended: a job with all its children, or one child. */
export interface Target {
  readonly id: string;
  readonly isArray: boolean;
}

const MOST_REASON = 1_024;
const NEW_IN_2026 = "TerminateJobs";

/** Ends jobs and children, always by termination: CancelJob says yes and does nothing once a child starts. */
export class Canceller {
  readonly #api: BatchApi;
  readonly #gate: CallGate;
  readonly #log: Log;
  #bulk = true;

  constructor(api: BatchApi, gate: CallGate, log: Log) {
    this.#api = api;
    this.#gate = gate;
    this.#log = log;
  }

  /** Marks children as cancelled; gives what to end: the job where none of its children is left, else the children. */
  static mark(record: JobRecord, children: Iterable<number>): readonly Target[] {
    const { id, isArray } = record;
    const fresh = [...children].filter((child) => record.isOpen(child));
    for (const child of fresh) record.cancelled.add(child);
    if (id === undefined || fresh.length === 0) return [];
    if (!isArray) return [{ id, isArray }];
    for (const child of record.open()) {
      if (!record.cancelled.has(child)) return fresh.map((one) => ({ id: `${id}:${one}`, isArray: false }));
    }
    return [{ id, isArray }];
  }

  /** @throws {AdapterError} when one of them was not taken; those before it were. */
  async terminate(targets: readonly Target[], reason: string, options?: AbortOptions): Promise<void> {
    const text = reason.slice(0, MOST_REASON) || "cancelled";
    // That the bulk call takes the parents of arrays is written nowhere.
    const parents = targets.filter(({ isArray }) => isArray).map(({ id }) => id);
    const others = targets.filter(({ isArray }) => !isArray).map(({ id }) => id);
    const left = others.length > 1 ? await this.#terminateMany(others, text, options) : others;
    for (const id of [...parents, ...left]) {
      const run = () => this.#api.terminate(id, text, options);
      await this.#gate.call(
        { priority: "cancel", action: "batch:TerminateJob", doing: `terminating ${id}`, run },
        options,
      );
    }
  }

  /** Gives the ids that are left to be ended one by one. */
  async #terminateMany(ids: readonly string[], reason: string, options?: AbortOptions): Promise<readonly string[]> {
    const left: string[] = [];
    for (let at = 0; at < ids.length; at += TERMINATE_MOST) {
      const some = ids.slice(at, at + TERMINATE_MOST);
      if (!this.#bulk) {
        left.push(...some);
        continue;
      }
      try {
        const run = () => this.#api.terminateMany(some, reason, options);
        left.push(...(await this.#gate.once({ priority: "cancel", run }, options)));
      } catch (error) {
        options?.signal?.throwIfAborted();
        const kind = classifyAwsFailure(error);
        // Where the single call is allowed it will do; where it is not, that one names what is missing.
        if (kind === "unknown-operation" || kind === "denied" || kind === "rejected") {
          this.#bulk = false;
          this.#log.debug("jobs are ended one by one", { operation: NEW_IN_2026, reason: String(error) });
        }
        left.push(...some);
      }
    }
    return left;
  }
}
