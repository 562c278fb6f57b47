import {
  type AbortOptions,
  type ChildChange,
  type Clock,
  type Failure,
  type JobName,
  untilAborted,
} from "@scaler-aws-hpc/adapter-core";
import { DESCRIBE_MOST, type JobDetail } from "./batch-api.ts";
import type { JobFinder } from "./job-finder.ts";
import type { JobLook } from "./job-look.ts";
import { JobRecord } from "./job-record.ts";
import type { RunnableWatch } from "./runnable-watch.ts";

/** When Batch is asked, in milliseconds. */
export interface WatchTimes {
  /** From a submit to the first look at the job. @default 2_500 */
  readonly firstLookMs: number;
  /** Between two looks while there is something to find out. @default 2_000 */
  readonly roundMs: number;
  /** Between two looks, and between two looks at one job, while nothing happens. @default 30_000 for both */
  readonly mostRoundMs: number;
  readonly mostPeriodMs: number;
  /** Between two looks when one request does not hold all that are due. @default 1_050 */
  readonly backlogMs: number;
  /** How long a job that was submitted may stay invisible. @default 6_000 */
  readonly visibilityMs: number;
}

/** What {@link WatchTimes} are unless a test says otherwise. */
export const WATCH_TIMES: WatchTimes = {
  firstLookMs: 2_500,
  roundMs: 2_000,
  mostRoundMs: 30_000,
  mostPeriodMs: 30_000,
  backlogMs: 1_050,
  visibilityMs: 6_000,
};

/** Until a look at a job of which something is expected. */
const SOON_MS = 1_000;

/** What a {@link JobWatch} works with. */
export interface WatchParts {
  readonly clock: Clock;
  readonly finder: JobFinder;
  readonly look: JobLook;
  readonly runnable: RunnableWatch;
  readonly records: Map<JobName, JobRecord>;
  readonly queues: readonly string[];
  readonly queueOf: (profile: string) => string;
  /** Ends a job that waited too long. */
  readonly giveUp: (record: JobRecord, reason: string) => Promise<void>;
}

/**
 * Decides when Batch is asked for what. One look is one DescribeJobs for the 100 most urgent jobs, and what it shows to be worth listing. Looks are a
 * few seconds apart while something fails or ends, up to `mostRoundMs` while nothing does: that children succeeded is learnt from their frames, not from here.
 */
export class JobWatch {
  readonly #parts: WatchParts;
  readonly #times: WatchTimes;
  /** Jobs that somebody asks for and nobody knows, and since when. */
  readonly #strays = new Map<JobName, number>();
  readonly #strayChanges: ChildChange[] = [];
  #names: readonly JobName[] = [];
  #nextRoundAt = 0;
  #roundMs: number;
  /** Something is expected: the next look is soon. */
  #hurry = false;
  #round: Promise<void> | undefined;
  #trouble: { readonly reason: unknown } | undefined;

  constructor(parts: WatchParts, times: WatchTimes) {
    this.#parts = parts;
    this.#times = times;
    this.#roundMs = times.roundMs;
  }

  /** Jobs that were asked for last. */
  get names(): readonly JobName[] {
    return this.#names;
  }

  /**
   * What has become known of these jobs. Looks go on behind this call: nobody waits for Batch here, but a trouble of the last look is thrown once.
   * @throws {AdapterError}
   */
  changes(names: readonly JobName[], signal: AbortSignal): readonly ChildChange[] {
    this.#names = names;
    const { records, clock } = this.#parts;
    const now = clock.now();
    for (const name of names) if (!records.has(name) && !this.#strays.has(name)) this.#strays.set(name, now);
    this.#begin(now, signal);
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (trouble !== undefined) throw trouble.reason;
    const wanted = new Set(names);
    const known = names.flatMap((name) => records.get(name)?.take() ?? []);
    const lost = this.#strayChanges.filter(({ job }) => wanted.has(job));
    this.#strayChanges.length = 0;
    return [...known, ...lost];
  }

  /** Something is about to happen to this job. */
  expect(record: JobRecord): void {
    const soonAt = this.#parts.clock.now() + this.#soonMs();
    record.nextLookAt = Math.min(record.nextLookAt, soonAt);
    record.periodMs = this.#times.firstLookMs;
    this.#nextRoundAt = Math.min(this.#nextRoundAt, soonAt);
    this.#hurry = true;
  }

  /** Resolves when no look is under way. */
  async idle(options?: AbortOptions): Promise<void> {
    if (this.#round !== undefined) await untilAborted(this.#round, options?.signal);
  }

  #soonMs(): number {
    return Math.min(SOON_MS, this.#times.firstLookMs);
  }

  #begin(now: number, signal: AbortSignal): void {
    if (this.#round !== undefined || now < this.#nextRoundAt) return;
    const due = this.#due(now);
    const strays = [...this.#strays].filter(([, since]) => now - since >= this.#times.visibilityMs);
    if (due.length === 0 && strays.length === 0) return;
    this.#round = this.#look(
      due,
      strays.map(([name]) => name),
      now,
      signal,
    )
      .catch((reason: unknown) => {
        if (!signal.aborted) this.#trouble = { reason };
        this.#nextRoundAt = this.#parts.clock.now() + this.#times.roundMs;
      })
      .finally(() => {
        this.#round = undefined;
      });
  }

  /** Empty unless a job is due; then with those that soon will be, most urgent first. */
  #due(now: number): readonly JobRecord[] {
    const records = this.#names.flatMap((name) => {
      const record = this.#parts.records.get(name);
      return record === undefined || record.over || record.id === undefined ? [] : [record];
    });
    if (!records.some(({ nextLookAt }) => nextLookAt <= now)) return [];
    return records
      .filter(({ nextLookAt, periodMs }) => nextLookAt - periodMs / 2 <= now)
      .sort((a, b) => a.nextLookAt - b.nextLookAt);
  }

  async #look(due: readonly JobRecord[], strays: readonly JobName[], now: number, signal: AbortSignal): Promise<void> {
    const { finder, look, runnable, giveUp, clock } = this.#parts;
    const picked = due.slice(0, DESCRIBE_MOST);
    this.#hurry = false;
    for (const record of picked) {
      const periodMs = Math.max(this.#times.firstLookMs, record.periodMs);
      record.periodMs = Math.min(this.#times.mostPeriodMs, periodMs * 2);
      record.nextLookAt = now + record.periodMs;
    }
    let failed = false;
    if (picked.length > 0) {
      const details = await finder.details(
        picked.flatMap(({ id }) => id ?? []),
        { signal },
      );
      const found = picked.flatMap((record): (readonly [JobRecord, JobDetail])[] => {
        const detail = details.get(record.id ?? "");
        return detail === undefined ? [] : [[record, detail]];
      });
      failed = await look.read(found, now, { signal });
      for (const { record, reason } of await runnable.check(found, { signal })) await giveUp(record, reason);
      for (const record of picked) if (!details.has(record.id ?? "")) await this.#missing(record, signal);
      // What a listing was behind with, or what was asked to end, is looked at again soon.
      for (const record of picked) {
        if (!record.over && (record.behind > 0 || record.stopping)) this.expect(record);
      }
    }
    for (const name of strays) await this.#stray(name, signal);
    const calm = !failed && !this.#hurry;
    this.#roundMs = calm ? Math.min(this.#times.mostRoundMs, this.#roundMs * 3) : this.#times.roundMs;
    const waitMs = this.#hurry ? this.#soonMs() : this.#roundMs;
    const backlog = due.length > picked.length;
    this.#nextRoundAt = clock.now() + (backlog ? this.#times.backlogMs : waitMs);
  }

  /** Batch has no record under the id: too early, a lost submit of which another one became the job, or too late. */
  async #missing(record: JobRecord, signal: AbortSignal): Promise<void> {
    const { finder, clock, queueOf } = this.#parts;
    if (clock.now() - record.since < this.#times.visibilityMs) return this.expect(record);
    const [found] = await finder.byName(record.name, [queueOf(record.profile)], "poll", { signal });
    if (found !== undefined) {
      record.id = found.id;
      return this.expect(record);
    }
    for (const child of record.open()) record.failed(child, 1, lost(record.name));
  }

  async #stray(name: JobName, signal: AbortSignal): Promise<void> {
    const { finder, clock, records, queues } = this.#parts;
    this.#strays.delete(name);
    if (records.has(name)) return;
    const [found] = await finder.byName(name, queues, "poll", { signal });
    if (found === undefined) {
      this.#strayChanges.push({ job: name, child: 0, state: "failed", attempt: 1, failure: lost(name) });
      return;
    }
    const { id, children } = found;
    const since = clock.now();
    records.set(name, new JobRecord({ name, id, children, profile: "", attempts: 1, since }, 0));
  }
}

function lost(name: JobName): Failure {
  return { kind: "lost", reason: `AWS Batch has no record of the job ${name}` };
}
