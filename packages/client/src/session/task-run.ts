import type { ProfileResult, TaskLogType } from "@scaler-aws-hpc/scaler-protocol";
import { ClientError } from "../client-error.ts";

/**
 * Where a task is.
 *
 * | state | meaning | next |
 * |---|---|---|
 * | `preparing` | its module is bundled, its arguments are uploaded | `submitted`, `canceled`, `failed` |
 * | `submitted` | the scheduler has it | `canceling`, `fetching`, `failed` |
 * | `canceling` | the scheduler was asked to end it | `canceled`, `submitted` (refused), `fetching` (it ended first), `failed` |
 * | `fetching` | it has ended, its result is on the way | `succeeded`, `failed` |
 * | `succeeded`, `failed`, `canceled` | over | |
 */
export type TaskState = "preparing" | "submitted" | "canceling" | "fetching" | "succeeded" | "failed" | "canceled";

const NEXT: Readonly<Record<TaskState, readonly TaskState[]>> = {
  preparing: ["submitted", "canceled", "failed"],
  submitted: ["canceling", "fetching", "failed"],
  canceling: ["canceled", "submitted", "fetching", "failed"],
  fetching: ["succeeded", "failed"],
  succeeded: [],
  failed: [],
  canceled: [],
};

/** What a run tells the session that it belongs to. */
export interface RunHost {
  /** Asks the scheduler to end the task. */
  cancel(run: TaskRun): void;
  /** The task is over, whichever way. Called once. */
  ended(run: TaskRun): void;
}

/** Receives what a task prints, as it prints it. */
export type OutputListener = (text: string, stream: TaskLogType, taskId: string) => void;

/** One submitted task from its submit to its end. */
export class TaskRun {
  readonly id: string;
  readonly onOutput: OutputListener | undefined;
  profile: ProfileResult | undefined;
  name = "";
  /** Objects of its result, once it has ended. */
  results: readonly string[] = [];
  readonly result: Promise<unknown>;
  readonly #host: RunHost;
  readonly #outcome = Promise.withResolvers<unknown>();
  #cancels: ((canceled: boolean) => void)[] = [];
  #state: TaskState = "preparing";
  /** Why its owner does not want it any more; what its promise then rejects with. */
  #abandoned: { readonly reason: unknown } | undefined;

  constructor(id: string, host: RunHost, onOutput: OutputListener | undefined) {
    this.id = id;
    this.#host = host;
    this.onOutput = onOutput;
    this.result = this.#outcome.promise;
    // Whoever awaits it is told; a failure that nobody awaits must not end the process.
    this.result.catch(() => undefined);
  }

  get state(): TaskState {
    return this.#state;
  }

  get over(): boolean {
    return NEXT[this.#state].length === 0;
  }

  submitted(): void {
    this.#to("submitted");
  }

  fetching(results: readonly string[]): void {
    this.#to("fetching");
    this.results = results;
    this.#settleCancels(false);
  }

  succeed(value: unknown): void {
    if (this.over) return;
    const abandoned = this.#abandoned;
    this.#to(abandoned === undefined ? "succeeded" : "failed");
    this.#end(() => (abandoned === undefined ? this.#outcome.resolve(value) : this.#outcome.reject(abandoned.reason)));
  }

  fail(reason: unknown): void {
    if (this.over) return;
    this.#to("failed");
    const why = this.#abandoned ?? { reason };
    this.#end(() => this.#outcome.reject(why.reason));
  }

  /** The scheduler has ended the task, or never had it. */
  canceled(): void {
    if (this.over) return;
    this.#to("canceled");
    const why = this.#abandoned ?? { reason: new ClientError("canceled", `task ${this.id} was cancelled`) };
    this.#end(() => this.#outcome.reject(why.reason));
  }

  /** The scheduler could not end the task: it goes on. */
  cancelRefused(): void {
    if (this.#state === "canceling") this.#to("submitted");
    this.#settleCancels(false);
  }

  /**
   * Asks for the task's end. Resolves with whether it was cancelled; with false where it had ended before.
   * @param abandon what the promise rejects with, however the task ends
   */
  cancel(abandon?: { readonly reason: unknown }): Promise<boolean> {
    if (this.over) return Promise.resolve(this.#state === "canceled");
    this.#abandoned ??= abandon;
    if (this.#state === "preparing") {
      this.canceled();
      return Promise.resolve(true);
    }
    if (this.#state === "fetching") return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#cancels.push(resolve);
    if (this.#state === "submitted") {
      this.#to("canceling");
      this.#host.cancel(this);
    }
    return promise;
  }

  #to(next: TaskState): void {
    if (!NEXT[this.#state].includes(next)) throw new Error(`bug: a task went from ${this.#state} to ${next}`);
    this.#state = next;
  }

  #end(settle: () => void): void {
    settle();
    this.#settleCancels(this.#state === "canceled");
    this.#host.ended(this);
  }

  #settleCancels(canceled: boolean): void {
    const waiting = this.#cancels;
    this.#cancels = [];
    for (const resolve of waiting) resolve(canceled);
  }
}
