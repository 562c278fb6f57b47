import type { AbortOptions } from "./abort-options.ts";
import type { StoreLocator } from "./payload-store.ts";

/** Matches `^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`; unique and deterministic: the only handle by which a lost submit can be found again. */
export type JobName = string;

/** One job to start: 1..N children, each of which runs one section of the bundle. Everything here but `secret` may be shown to whoever may describe jobs. */
export interface JobSpec {
  readonly name: JobName;
  /** Resource profile; decides slots, and what a backend makes of it (vCPU, memory, queue, definition). */
  readonly profile: string;
  /** {@link RunnerRecord.name} of the runner that understands the bundle. */
  readonly runner: string;
  /** How many children, 1..`traits.maxChildren`. Child `i` runs section `i`. */
  readonly children: number;
  readonly payload:
    | { readonly kind: "bundle"; readonly key: string; readonly bytes: number; readonly store: StoreLocator }
    | { readonly kind: "inline"; readonly bundle: Uint8Array; readonly store: StoreLocator };
  /** Prefix of the keys under which the runner puts its result frames; see `frameKey`. */
  readonly outPrefix: string;
  /** The job's random key, hex of 32 bytes: verifies the bundle, signs the frames. Reaches the runner by the control plane, never through the store. */
  readonly secret: string;
  /** How many tasks each child holds, in order of child. */
  readonly tasksPerChild: readonly number[];
  /** Limit of one task, in milliseconds; kept by the runner. */
  readonly taskLimitMs: number;
  /** Backstop for a whole child, in milliseconds: what the backend enforces when the runner cannot. */
  readonly childLimitMs: number;
  /** The child must run in a process that has run nothing before (a task that is suspected of out-of-memory or a crash). */
  readonly fresh: boolean;
  /**
   * How often the backend may start each child, at least 1: what is left of the tasks' retries. For backends whose `traits.retriesNatively`; a failure then
   * says in `attempt` how many were used.
   */
  readonly attempts: number;
}

/** A child of a job, `child` counts from 0. */
export interface ChildRef {
  readonly job: JobName;
  readonly child: number;
}

/**
 * Why a child failed.
 *
 * | kind | meaning | retried by the engine |
 * |---|---|---|
 * | `spot`, `host` | the machine went away | yes |
 * | `image` | the image or command could not be started | yes, a few times |
 * | `lost` | no record of the child any more, or no result after success | yes |
 * | `definition` | the backend refuses the job for what it is | no |
 * | `cancelled` | somebody stopped it | not when we did |
 * | `oom`, `timeout` | limits of the child as a whole | alone, in a fresh process |
 * | `exit` | the runner ended by itself with an error or by a signal | in halves |
 */
export type FailureKind = "spot" | "host" | "oom" | "timeout" | "image" | "definition" | "cancelled" | "exit" | "lost";

/** A failure with its reason in words and, where there are any, the last log lines. */
export interface Failure {
  readonly kind: FailureKind;
  readonly reason: string;
  readonly exitCode?: number;
  readonly logTail?: readonly string[];
}

/** A child whose state changed. States only move forward within one attempt; `succeeded` and `failed` are final. */
export type ChildChange =
  | (ChildRef & { readonly state: "running"; readonly attempt: number })
  | (ChildRef & { readonly state: "succeeded"; readonly attempt: number })
  | (ChildRef & { readonly state: "failed"; readonly attempt: number; readonly failure: Failure });

/** What a backend that knows at once pushes. Hints may be lost or repeated; `changes` is the truth. */
export type BackendHint =
  | { readonly type: "changed"; readonly changes: readonly ChildChange[] }
  /** A result frame was stored. Hints about a child's frames come before the hint that it is over. */
  | { readonly type: "frame"; readonly job: JobName; readonly child: number; readonly key: string }
  /** What a child does now: index of the running task in its section, age and memory; for monitors only. */
  | {
      readonly type: "progress";
      readonly job: JobName;
      readonly child: number;
      readonly task: number | undefined;
      readonly taskAgeMs: number;
      readonly rssBytes: number;
      readonly cpuPercent: number;
      readonly pid: number;
    };

/** A live job, as `list` finds it. */
export interface LiveJob {
  readonly name: JobName;
  readonly children: number;
}

/** What a backend knows of a job that an earlier process of this manager submitted: with its bundle, all that is needed to go on with it. */
export interface FoundJob extends LiveJob {
  readonly profile: string;
  readonly runner: string;
  readonly payload:
    | { readonly kind: "bundle"; readonly key: string }
    | { readonly kind: "inline"; readonly bundle: Uint8Array };
  /** See {@link JobSpec.secret}. */
  readonly secret: string;
  /** Whether any child may still run. */
  readonly live: boolean;
}

/** What differs between backends, as data. */
export interface BackendTraits {
  /** Most children of one job. 1 means that each pack is a job of its own. */
  readonly maxChildren: number;
  /** Largest inline bundle, in bytes; 0: none. */
  readonly inlineBytes: number;
  /**
   * Its jobs go on when this process dies: the engine keeps a lease, takes over what an earlier process left ({@link Backend.adopt}), and looks for strays with
   * `list`. @default false
   */
  readonly outlives?: boolean;
  /** The backend repeats failed attempts itself (attempts above 1 appear in frame keys). @default false */
  readonly retriesNatively?: boolean;
  /** It pushes every change and frame as a hint, so that polling is only a safety net. @default false */
  readonly pushes?: boolean;
  /** `revoke` works. @default false: results of unwanted tasks are dropped when they come. */
  readonly revokes?: boolean;
  /** How long a submitted job may stay invisible to `list` and `changes`, in milliseconds. @default 0 */
  readonly visibilityDelayMs?: number;
  /** How long the engine waits for more tasks before it forms a job: until none came for `quietMs`, at most `maxMs`. */
  readonly window: { readonly quietMs: number; readonly maxMs: number };
  /** Typical time from submit to the first task's start, in milliseconds: what packing amortises. */
  readonly startMs: number;
  /** How often the engine asks for changes and lists frames, in milliseconds: the shortest time between two rounds. */
  readonly pollMs: number;
  /** The longest time between two rounds, in milliseconds; between both the engine follows how long children take. @default pollMs */
  readonly pollMostMs?: number;
}

/**
 * Runs jobs. Call order: `watch` (once), then `submit`, `changes`, `cancel`, `revoke`, `list`, `adopt` in any order and concurrently; then dispose.
 * Disposal stops what the backend itself runs (child processes), is idempotent, and leaves jobs that live elsewhere alone.
 *
 * @throws {AdapterError} `unavailable`, `throttled` (pass later), `denied`, `config`, `rejected` (never will), `too-large`.
 */
export interface Backend extends AsyncDisposable {
  readonly traits: BackendTraits;
  /**
   * Starts a job. Idempotent by `job.name`: a repeated call resolves without a second job. When the outcome of a request is unknown the backend
   * finds out by name before it resolves or throws; it never sends again blindly. When `signal` aborts after the request left, the job may
   * exist: `cancel` it to be sure.
   */
  submit(job: JobSpec, options?: AbortOptions): Promise<void>;
  /**
   * The latest state of every child of `jobs` that changed since the previous call named that job; a job that is unknown reports `lost`. Called every round with
   * all live jobs; a backend for which asking costs something decides by itself which of them it asks for now. A child whose last frame was read is not waited for.
   */
  changes(jobs: readonly JobName[], options?: AbortOptions): Promise<readonly ChildChange[]>;
  /** Stops children, whatever their state; each then reports `failed` with kind `cancelled` unless it was already over. Unknown ones are no error. */
  cancel(children: readonly ChildRef[], reason: string, options?: AbortOptions): Promise<void>;
  /** Stops single tasks (by index in their section) of a live child; its other tasks go on. Only where `traits.revokes`. */
  revoke?(child: ChildRef, tasks: readonly number[], options?: AbortOptions): Promise<void>;
  /** Every live job of this manager, also those that an earlier process submitted. */
  list(options?: AbortOptions): Promise<readonly LiveJob[]>;
  /**
   * Takes over jobs that an earlier process submitted: for those it returns, `changes` (which begins anew: every child's present state counts as a change) and
   * `cancel` work as for jobs of this process. Jobs that it has no record of are left out. Only where `traits.outlives`.
   */
  adopt?(names: readonly JobName[], options?: AbortOptions): Promise<readonly FoundJob[]>;
  /** Children by state in the backend's own words, for people to read; from what it knows already, asks nobody. @default nothing is shown */
  status?(): Readonly<Record<string, number>>;
  /**
   * Why jobs of a profile cannot be for a runner, in words for whoever sent the task; `undefined`: they can. Asked before tasks are taken for it, so that they
   * fail at once; such a job would be `rejected`. Answered from what is known already. @default every runner is fine
   */
  refuses?(runner: string, profile: string): string | undefined;
  /** Registers the one listener of hints. Listeners never throw. */
  watch(listener: (hint: BackendHint) => void): void;
}
