import { nameOf } from "./account.ts";
import { isArray, isOver, type TopJob, type UnitJob } from "./job.ts";

/** Which records there are, and which of them the API shows by now and still. */
export class JobTable {
  readonly #jobs = new Map<string, TopJob>();
  readonly #visibilityMs: number;
  readonly #retentionMs: number;

  /**
   * @param visibilityMs - after a submit, how long neither DescribeJobs nor ListJobs knows the job
   * @param retentionMs - after its end, how long both still do
   */
  constructor(visibilityMs: number, retentionMs: number) {
    this.#visibilityMs = visibilityMs;
    this.#retentionMs = retentionMs;
  }

  add(job: TopJob): void {
    this.#jobs.set(job.id, job);
  }

  /** Every job and array that was ever submitted and has not expired, in the order of submits. */
  all(): readonly TopJob[] {
    this.#expire();
    return [...this.#jobs.values()];
  }

  /** Those that the API shows. */
  visible(): readonly TopJob[] {
    return this.all().filter((job) => this.#isVisible(job));
  }

  /** A job, an array or a child, by id or ARN, whether it is visible or not. */
  find(idOrArn: string): TopJob | undefined {
    const id = nameOf(idOrArn);
    const [top = "", index] = id.split(":");
    const job = this.#jobs.get(top);
    if (job === undefined || index === undefined) return job;
    if (!isArray(job) || !/^(?:0|[1-9]\d*)$/.test(index)) return undefined;
    return job.children[Number(index)];
  }

  /** The same, as far as the API shows it. */
  findVisible(idOrArn: string): TopJob | undefined {
    const job = this.find(idOrArn);
    return job !== undefined && this.#isVisible(job) ? job : undefined;
  }

  /** Every job with a container. */
  units(): readonly UnitJob[] {
    return this.all().flatMap((job) => (isArray(job) ? job.children : [job]));
  }

  #isVisible(job: TopJob): boolean {
    const now = Date.now();
    const top = isArray(job) || job.parent === undefined ? job : job.parent;
    if (now - job.spec.createdAt < this.#visibilityMs) return false;
    return !isOver(top.status) || now - (top.stoppedAt ?? now) < this.#retentionMs;
  }

  #expire(): void {
    const old = Date.now() - this.#retentionMs;
    for (const [id, job] of this.#jobs)
      if (isOver(job.status) && (job.stoppedAt ?? Number.POSITIVE_INFINITY) < old) this.#jobs.delete(id);
  }
}
