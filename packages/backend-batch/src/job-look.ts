import type { AbortOptions, FailureKind, Log } from "@scaler-aws-hpc/adapter-core";
import type { JobDetail, JobSummary } from "./batch-api.ts";
import { type EndFacts, explain, factsOf, failureKind, summaryFacts } from "./failure-class.ts";
import type { JobFinder } from "./job-finder.ts";
import type { JobRecord } from "./job-record.ts";
import type { LogTails } from "./log-tails.ts";
import type { StartTimes } from "./start-times.ts";

/** Failed children of one array whose details are asked for; of further ones the listing has to do. */
const MOST_DETAILED = 300;
/** Which children run is for monitors alone: asked for arrays that are there for long, and seldom. */
const RUNNING_EVERY_MS = 30_000;
const SILENT_MS = 60_000;
/** How often a listing may be behind its summary before it is believed. */
const PATIENT_LOOKS = 4;

/** Attempts that Batch repeated by itself, by what ended them; where only numbers were seen, by what the machines are. */
export type RepeatCounters = Partial<Record<FailureKind, number>>;

/** What a {@link JobLook} works with. */
export interface JobLookParts {
  readonly finder: JobFinder;
  readonly tails: LogTails;
  readonly starts: StartTimes;
  readonly log: Log;
  readonly onSpot: (profile: string) => boolean;
}

/** Reads what Batch says of a job into its record. */
export class JobLook {
  readonly repeated: RepeatCounters = {};
  readonly #parts: JobLookParts;

  constructor(parts: JobLookParts) {
    this.#parts = parts;
  }

  /** Singles and arrays whose details were just read. Gives whether something failed, which is worth another look soon. */
  async read(
    found: readonly (readonly [JobRecord, JobDetail])[],
    now: number,
    options?: AbortOptions,
  ): Promise<boolean> {
    const ended = found.filter(([record, detail]) => !record.isArray && detail.status === "FAILED" && !record.over);
    const tails = ended.length === 0 ? undefined : await this.#tails(ended, options);
    let failed = ended.length > 0;
    for (const [record, detail] of found) {
      if (record.isArray) failed = (await this.#array(record, detail, now, options)) || failed;
      else this.#single(record, detail, tails?.get(detail.jobId ?? ""));
    }
    return failed;
  }

  #single(record: JobRecord, detail: JobDetail, logTail: readonly string[] | undefined): void {
    const { status = "SUBMITTED", attempts = [], createdAt, startedAt } = detail;
    const starts = record.counts[status] !== 1 && attempts.length === 0 && status === "RUNNING";
    if (starts && createdAt !== undefined && startedAt !== undefined) this.#parts.starts.add(startedAt - createdAt);
    record.counts = { [status]: 1 };
    const over = status === "SUCCEEDED" || status === "FAILED";
    this.#countRepeats(record, over ? attempts.slice(0, -1) : attempts);
    if (status === "RUNNING") record.running(0, attempts.length + 1);
    if (status === "SUCCEEDED") record.succeeded(0, Math.max(1, attempts.length));
    if (status === "FAILED") this.#failed(record, 0, detail, logTail);
  }

  async #array(record: JobRecord, detail: JobDetail, now: number, options?: AbortOptions): Promise<boolean> {
    const id = detail.jobId ?? "";
    const counts = detail.arrayProperties?.statusSummary ?? {};
    const of = (state: string): number => counts[state] ?? 0;
    const over = detail.status === "SUCCEEDED" || detail.status === "FAILED";
    record.counts = over && of("SUCCEEDED") + of("FAILED") === 0 ? { [detail.status ?? ""]: record.children } : counts;
    this.#countReturns(record, of("RUNNING") + of("SUCCEEDED") + of("FAILED"));
    if (detail.status === "SUCCEEDED") {
      for (const child of record.open()) record.succeeded(child, 1);
      return false;
    }
    const news = of("FAILED") > record.failedListed || detail.status === "FAILED";
    if (news) await this.#listFailed(record, id, of("FAILED"), options);
    if (detail.status === "FAILED") {
      this.#endArray(record, detail, of("FAILED"));
      return true;
    }
    await this.#listOthers(record, id, of, now, options);
    return news;
  }

  async #listFailed(record: JobRecord, id: string, expected: number, options?: AbortOptions): Promise<void> {
    const failed = await this.#parts.finder.children(id, "FAILED", options);
    const fresh = [...failed].filter(([child]) => record.isOpen(child));
    const described = fresh.slice(0, MOST_DETAILED).flatMap(([, job]) => (job.jobId === undefined ? [] : [job.jobId]));
    const details = await this.#parts.finder.details(described, options);
    const tails = await this.#parts.tails.read([...details.values()], options);
    for (const [child, summary] of fresh) {
      const detail = details.get(summary.jobId ?? "");
      if (detail !== undefined) {
        this.#countRepeats(undefined, (detail.attempts ?? []).slice(0, -1));
        this.#failed(record, child, detail, tails.get(detail.jobId ?? ""));
      } else this.#failedBySummary(record, child, summary);
    }
    record.failedListed = failed.size;
    record.behind = failed.size < expected ? record.behind + 1 : 0;
  }

  /** What is still open of an array that is over: the others succeeded, unless it failed as a whole. */
  #endArray(record: JobRecord, detail: JobDetail, failed: number): void {
    if (record.failedListed < failed && record.behind < PATIENT_LOOKS) return;
    const whole = failed === 0;
    const facts = factsOf(detail);
    for (const child of record.open()) {
      if (whole) record.failed(child, 1, explain(facts, this.#parts.onSpot(record.profile), 1));
      else record.succeeded(child, 1);
    }
  }

  /** Which children run, when that can be had cheaply; and which are over although the array goes on, now and then: their frames may be lost. */
  async #listOthers(
    record: JobRecord,
    id: string,
    of: (state: string) => number,
    now: number,
    options?: AbortOptions,
  ): Promise<void> {
    const waiting = record.children - of("RUNNING") - of("SUCCEEDED") - of("FAILED");
    if (of("RUNNING") > 0 && waiting <= 0) for (const child of record.open()) record.running(child, 1);
    else if (of("RUNNING") > 0 && now - record.runningListedAt >= RUNNING_EVERY_MS) {
      record.runningListedAt = now;
      for (const child of (await this.#parts.finder.children(id, "RUNNING", options)).keys()) record.running(child, 1);
    }
    if (of("SUCCEEDED") > record.succeededListed && now - record.succeededListedAt >= SILENT_MS) {
      record.succeededListedAt = now;
      const succeeded = await this.#parts.finder.children(id, "SUCCEEDED", options);
      record.succeededListed = succeeded.size;
      for (const child of succeeded.keys()) record.succeeded(child, 1);
    }
  }

  #failed(record: JobRecord, child: number, detail: JobDetail, logTail: readonly string[] | undefined): void {
    const attempt = Math.max(1, detail.attempts?.length ?? 1);
    record.failed(child, attempt, explain(factsOf(detail), this.#parts.onSpot(record.profile), attempt, logTail));
  }

  #failedBySummary(record: JobRecord, child: number, summary: JobSummary): void {
    const onSpot = this.#parts.onSpot(record.profile);
    const facts = summaryFacts(summary);
    // A listing does not tell attempts; what Batch repeats by itself, which is never for an exit code, has failed only when none was left.
    const repeated = ["spot", "host", "image"].includes(failureKind({ ...facts, exitCode: undefined }, onSpot));
    const attempt = repeated ? record.attempts : 1;
    record.failed(child, attempt, explain(facts, onSpot, attempt));
  }

  async #tails(
    ended: readonly (readonly [JobRecord, JobDetail])[],
    options?: AbortOptions,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    return await this.#parts.tails.read(
      ended.map(([, detail]) => detail),
      options,
    );
  }

  #countRepeats(record: JobRecord | undefined, attempts: NonNullable<JobDetail["attempts"]>): void {
    for (const { statusReason, container } of attempts.slice(record?.counted ?? 0)) {
      const facts: EndFacts = { statusReason, reason: container?.reason, exitCode: container?.exitCode };
      this.#count(failureKind(facts, this.#parts.onSpot(record?.profile ?? "")), 1, record);
    }
    if (record !== undefined) record.counted = Math.max(record.counted, attempts.length);
  }

  /** Of an array only numbers are seen: children that had started wait again when their machine went away. As others start meanwhile, it is at least so many. */
  #countReturns(record: JobRecord, started: number): void {
    const returned = record.counted - started;
    if (returned > 0) this.#count(this.#parts.onSpot(record.profile) ? "spot" : "host", returned, record);
    record.counted = started;
  }

  #count(kind: FailureKind, times: number, record: JobRecord | undefined): void {
    this.repeated[kind] = (this.repeated[kind] ?? 0) + times;
    this.#parts.log.info("AWS Batch starts children again", { job: record?.name, kind, children: times });
  }
}
