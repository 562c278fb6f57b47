import type { ChildChange, Failure, JobName } from "@scaler-aws-hpc/adapter-core";

const OPEN = 0;
const RUNNING = 1;
const OVER = 2;

/** Numbers of children by Batch state. */
export type StateCounts = Readonly<Record<string, number>>;

/** What is known of one job, from its submit on: the states of its children, and what of them is still to be told. */
export class JobRecord {
  readonly name: JobName;
  readonly children: number;
  readonly profile: string;
  /** How often Batch may start a child. */
  readonly attempts: number;
  /** When it was submitted or taken over, by the clock. */
  readonly since: number;
  /** Id that Batch gave; `undefined` until the submit is over. */
  id: string | undefined;
  /** Where it is looked at next, and how long after that again. */
  nextLookAt: number;
  periodMs: number;
  /** Children by Batch state, as last seen. */
  counts: StateCounts;
  /** Children whose end somebody asked for. */
  readonly cancelled = new Set<number>();
  /** Given up by this backend itself: what its children fail with instead of `cancelled`. */
  givenUp: Failure | undefined;
  /** Since when nothing of it has started although it could; `undefined` while that is not so. */
  waitingSince: number | undefined;
  /** Attempts that ended and were counted; for arrays the most children that were seen started or over. */
  counted = 0;
  /** Failed children that listings showed so far. */
  failedListed = 0;
  succeededListed = 0;
  /** Looks that found a listing behind the summary. */
  behind = 0;
  runningListedAt: number;
  succeededListedAt: number;
  readonly #states: Uint8Array;
  #over = 0;
  #untold: ChildChange[] = [];

  constructor(
    fields: Pick<JobRecord, "name" | "children" | "profile" | "attempts" | "since" | "id">,
    firstLookMs: number,
  ) {
    const { name, children, profile, attempts, since, id } = fields;
    this.name = name;
    this.children = children;
    this.profile = profile;
    this.attempts = attempts;
    this.since = since;
    this.id = id;
    this.nextLookAt = since + firstLookMs;
    this.periodMs = firstLookMs;
    this.runningListedAt = since;
    this.succeededListedAt = since;
    this.counts = { SUBMITTED: children };
    this.#states = new Uint8Array(children);
  }

  get isArray(): boolean {
    return this.children > 1;
  }

  /** Every child is over. */
  get over(): boolean {
    return this.#over === this.children;
  }

  /** A child whose end was asked for is not over yet. */
  get stopping(): boolean {
    for (const child of this.cancelled) if (this.isOpen(child)) return true;
    return false;
  }

  isOpen(child: number): boolean {
    return this.#states[child] !== OVER && child < this.children && child >= 0;
  }

  /** Children that are not over, in order. */
  *open(): IterableIterator<number> {
    for (let child = 0; child < this.children; child += 1) if (this.#states[child] !== OVER) yield child;
  }

  running(child: number, attempt: number): void {
    if (this.#states[child] !== OPEN) return;
    this.#states[child] = RUNNING;
    this.#untold.push({ job: this.name, child, state: "running", attempt });
  }

  succeeded(child: number, attempt: number): void {
    if (this.#end(child)) this.#untold.push({ job: this.name, child, state: "succeeded", attempt });
  }

  failed(child: number, attempt: number, failure: Failure): void {
    if (!this.#end(child)) return;
    const asked = this.cancelled.has(child) && failure.kind !== "cancelled";
    const told: Failure = this.givenUp ?? (asked ? { ...failure, kind: "cancelled" } : failure);
    this.#untold.push({ job: this.name, child, state: "failed", attempt, failure: told });
  }

  /** Takes what is to be told. */
  take(): readonly ChildChange[] {
    const taken = this.#untold;
    if (taken.length > 0) this.#untold = [];
    return taken;
  }

  #end(child: number): boolean {
    if (!this.isOpen(child)) return false;
    this.#states[child] = OVER;
    this.#over += 1;
    return true;
  }
}
