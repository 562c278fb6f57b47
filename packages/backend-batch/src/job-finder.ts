import type { AbortOptions, JobName } from "@scaler-aws-hpc/adapter-core";
import {
  type BatchApi,
  DESCRIBE_MOST,
  type JobDetail,
  type JobPage,
  type JobSummary,
  type ListQuestion,
} from "./batch-api.ts";
import type { CallGate, CallPriority } from "./call-gate.ts";

/** Every state of a job that is not over, in the order in which jobs pass them: what moves on meanwhile is met again, not missed. */
const LIVE_STATES = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"] as const;

/** A job in a listing. */
export interface Listed {
  readonly id: string;
  readonly name: JobName;
  readonly children: number;
  /** Milliseconds since the epoch, by AWS. */
  readonly createdAt: number;
}

/** Looks jobs up: by id, by name, by state. Every request passes the gate. */
export class JobFinder {
  readonly #api: BatchApi;
  readonly #gate: CallGate;
  /** Queues in which more jobs of this manager are remembered than one page by name shows. */
  readonly #long = new Set<string>();

  constructor(api: BatchApi, gate: CallGate) {
    this.#api = api;
    this.#gate = gate;
  }

  /** Details by id; jobs that Batch has no record of are missing. At most 100 ids go in one request. */
  async details(ids: readonly string[], options?: AbortOptions): Promise<ReadonlyMap<string, JobDetail>> {
    const found = new Map<string, JobDetail>();
    for (let at = 0; at < ids.length; at += DESCRIBE_MOST) {
      const some = ids.slice(at, at + DESCRIBE_MOST);
      const details = await this.#gate.call(
        {
          priority: "poll",
          action: "batch:DescribeJobs",
          doing: "asking for the state of jobs",
          run: () => this.#api.describe(some, options),
        },
        options,
      );
      for (const detail of details) if (detail.jobId !== undefined) found.set(detail.jobId, detail);
    }
    return found;
  }

  /** The jobs of exactly this name in these queues, whatever their state, the first one first. */
  async byName(
    name: JobName,
    queues: Iterable<string>,
    priority: CallPriority,
    options?: AbortOptions,
  ): Promise<readonly Listed[]> {
    const found: Listed[] = [];
    for (const queue of queues) {
      for await (const job of this.#all({ queue, name }, priority, options)) {
        // The filter of the service does not tell upper from lower case.
        if (job.jobName === name) found.push(...listed(job));
      }
    }
    return inOrder(found);
  }

  /** Jobs of these names among those that a pattern with a `*` at its end finds, whatever their state; ends as soon as each name was met. */
  async byNames(
    pattern: string,
    names: ReadonlySet<JobName>,
    queues: Iterable<string>,
    options?: AbortOptions,
  ): Promise<readonly Listed[]> {
    const found: Listed[] = [];
    const missing = new Set(names);
    for (const queue of queues) {
      for await (const job of this.#all({ queue, name: pattern }, "poll", options)) {
        if (job.jobName === undefined || !names.has(job.jobName)) continue;
        found.push(...listed(job));
        missing.delete(job.jobName);
        if (missing.size === 0) return inOrder(found);
      }
    }
    return inOrder(found);
  }

  /** Live jobs in these queues whose names start with `prefix`, each id once. */
  async live(prefix: string, queues: Iterable<string>, options?: AbortOptions): Promise<readonly Listed[]> {
    const found = new Map<string, Listed>();
    for (const queue of queues) {
      for (const job of (await this.#fewByPrefix(prefix, queue, options)) ??
        (await this.#liveByState(queue, options))) {
        if (job.jobName?.startsWith(prefix) !== true) continue;
        for (const one of listed(job)) found.set(one.id, one);
      }
    }
    return inOrder([...found.values()]);
  }

  /** Live jobs by name, where one request shows all that Batch remembers of this manager; `undefined` where it does not: those that are over count too. */
  async #fewByPrefix(
    prefix: string,
    queue: string,
    options?: AbortOptions,
  ): Promise<readonly JobSummary[] | undefined> {
    if (this.#long.has(queue)) return undefined;
    const page = await this.#page({ queue, name: `${prefix}*` }, undefined, "poll", options);
    if (page.next === undefined) return page.jobs.filter(({ status }) => LIVE_STATES.some((live) => live === status));
    this.#long.add(queue);
    return undefined;
  }

  async #liveByState(queue: string, options?: AbortOptions): Promise<readonly JobSummary[]> {
    const found: JobSummary[] = [];
    for (const status of LIVE_STATES) {
      for await (const job of this.#all({ queue, status }, "poll", options)) found.push(job);
    }
    return found;
  }

  /** Children of an array in a state, by index. */
  async children(
    array: string,
    status: "FAILED" | "SUCCEEDED" | "RUNNING" | "RUNNABLE",
    options?: AbortOptions & { readonly most?: number },
  ): Promise<ReadonlyMap<number, JobSummary>> {
    const found = new Map<number, JobSummary>();
    const { most } = options ?? {};
    for await (const job of this.#all({ array, status, ...(most === undefined ? {} : { most }) }, "poll", options)) {
      const child = job.arrayProperties?.index;
      if (child !== undefined) found.set(child, job);
      if (most !== undefined && found.size >= most) break;
    }
    return found;
  }

  async *#all(question: ListQuestion, priority: CallPriority, options?: AbortOptions): AsyncIterable<JobSummary> {
    let next: string | undefined;
    do {
      const page: JobPage = await this.#page(question, next, priority, options);
      yield* page.jobs;
      next = page.next;
    } while (next !== undefined);
  }

  async #page(
    question: ListQuestion,
    next: string | undefined,
    priority: CallPriority,
    options?: AbortOptions,
  ): Promise<JobPage> {
    const run = () => this.#api.list(question, next, options);
    return await this.#gate.call({ priority, action: "batch:ListJobs", doing: "listing jobs", run }, options);
  }
}

function inOrder(jobs: Listed[]): readonly Listed[] {
  return jobs.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

function listed(job: JobSummary): Listed[] {
  const { jobId: id, jobName: name, createdAt = 0, arrayProperties } = job;
  if (id === undefined || name === undefined) return [];
  return [{ id, name, children: arrayProperties?.size ?? 1, createdAt }];
}
