import type { ChildChange, Failure, JobSpec } from "@scaler-aws-hpc/adapter-core";
import type { RunnerProcess } from "./runner-process.ts";

/** How a child ends, or why it is to be stopped. */
export type Ending = { readonly ok: true } | { readonly ok: false; readonly failure: Failure };

/** This backend runs each child once; the engine makes new jobs of what is to be repeated. */
export const ATTEMPT = 1;

// One for all: an error made at each end holds its stack, whose frames hold the job's bundle as long as the job is remembered.
const OVER = new Error("the job is over");

/**
 * The one child of a job of this backend.
 *
 * | state | meaning | next |
 * |---|---|---|
 * | `starting` | waits for a runner process | `running`, `over` |
 * | `running` | a runner has it | `over` |
 * | `over` | succeeded or failed; final | |
 */
export class LocalJob {
  readonly name: string;
  /** The latest change, `undefined` before the first. */
  change: ChildChange | undefined;
  /** Whether `changes` has told of it. */
  told = true;
  /** Set when somebody asked for its end: what it fails with, whatever its runner says. */
  stopping: Failure | undefined;
  /** The process that has it, while it runs. */
  runner: RunnerProcess | undefined;
  /** Aborted when it is over: ends what waits for it. */
  readonly over = new AbortController();
  #spec: JobSpec | undefined;

  constructor(spec: JobSpec) {
    this.name = spec.name;
    this.#spec = spec;
  }

  get state(): "starting" | "running" | "over" {
    if (this.change === undefined) return "starting";
    return this.change.state === "running" ? "running" : "over";
  }

  /** What was submitted, until it is over: thousands of finished jobs are remembered, their secrets and bundles are not. */
  get spec(): JobSpec | undefined {
    return this.#spec;
  }

  /** Moves to `running`. */
  run(runner: RunnerProcess): ChildChange {
    this.runner = runner;
    return this.#changed({ job: this.name, child: 0, state: "running", attempt: ATTEMPT });
  }

  /** Moves to `over`; `undefined` when it is already. */
  end(ending: Ending): ChildChange | undefined {
    if (this.state === "over") return undefined;
    const base = { job: this.name, child: 0, attempt: ATTEMPT };
    this.runner = undefined;
    this.#spec = undefined;
    this.over.abort(OVER);
    return this.#changed(
      ending.ok
        ? { ...base, state: "succeeded" }
        : { ...base, state: "failed", failure: this.stopping ?? ending.failure },
    );
  }

  #changed(change: ChildChange): ChildChange {
    this.change = change;
    this.told = false;
    return change;
  }
}
