import type { BackendTraits } from "../../contracts/backend.ts";
import type { ProfileSpec } from "../../contracts/plugin.ts";

/** Settings of the deciding core; times in milliseconds. */
export interface CoreOptions {
  /** Part of every job name; matches `^[a-z0-9][a-z0-9-]{0,60}$`. */
  readonly jobPrefix: string;
  readonly profiles: readonly ProfileSpec[];
  /** What the backend can do. */
  readonly backend: BackendTraits;
  /** Second part of every worker id, `Worker|<name>|<32 hex>`. @default "AWS" */
  readonly workerName?: string;
  /** Workers of each profile. @default about one per 25 slots, at most 16 */
  readonly workersPerProfile?: number;
  /** What each worker announces as its room for tasks. @default at least 1,000, 20 times its share of the slots */
  readonly queueSize?: number;
  /** Tasks of one pack at most; 1 turns packing off. @default 10,000 */
  readonly maxTasksPerPack?: number;
  /** How long a pack should take. @default 60_000 */
  readonly packTargetMs?: number;
  /** Limit of one task. @default 3_600_000 */
  readonly taskLimitMs?: number;
  /** @default 2_000 */
  readonly heartbeatMs?: number;
  /** Silence after which a link is taken for dead; must stay below half of the scheduler's 60 s. @default 25_000 */
  readonly linkTimeoutMs?: number;
  /** Time without a connection after which the scheduler has given our worker away (its `worker_timeout_seconds`, 60 s, less a margin). @default 55_000 */
  readonly workerLifeMs?: number;
  /** How long unclaimed running tasks are kept after the first echo that follows a loss. @default 60_000 */
  readonly claimGraceMs?: number;
  /** Time without any scheduler after which running work is stopped. @default 300_000 */
  readonly deathTimeoutMs?: number;
  /** How long a resumed worker may take to answer what it holds before it is released all the same. @default 300_000 */
  readonly resumeLimitMs?: number;
  /** `follow`: open and retire workers as the scheduler's commands say; `always`: all of them, whatever it says. @default "always" */
  readonly scaling?: "always" | "follow";
  /** How often a task is tried again after failures that are not its own, by us or by the backend itself. @default 4 */
  readonly maxRetries?: number;
  /** First wait before an infrastructure retry; doubles. @default 1_000 */
  readonly retryMs?: number;
}
