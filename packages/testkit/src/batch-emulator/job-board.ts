import { type ArrayJob, isOver, type JobStatus, type UnitJob } from "./job.ts";

/** Moves jobs from state to state and keeps parents in step: a parent is PENDING until its last child is over. */
export class JobBoard {
  readonly #summaryLagMs: number;
  readonly #late = new Set<ArrayJob>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #over: () => void;

  /**
   * @param summaryLagMs - how old a parent's summary may be
   * @param over - called when a single job or an array is over
   */
  constructor(summaryLagMs: number, over: () => void) {
    this.#summaryLagMs = summaryLagMs;
    this.#over = over;
  }

  move(job: UnitJob, status: JobStatus): void {
    const { parent } = job;
    const before = job.status;
    job.status = status;
    if (isOver(status)) job.stoppedAt = Date.now();
    if (parent === undefined) {
      if (isOver(status)) this.#over();
      return;
    }
    parent.counts[before] -= 1;
    parent.counts[status] += 1;
    if (parent.status === "SUBMITTED") parent.status = "PENDING";
    const { SUCCEEDED, FAILED } = parent.counts;
    if (SUCCEEDED + FAILED === parent.children.length && !isOver(parent.status)) this.#end(parent, FAILED > 0);
    this.#summarize(parent);
  }

  /** No timer is left. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #end(parent: ArrayJob, failed: boolean): void {
    parent.status = failed ? "FAILED" : "SUCCEEDED";
    parent.stoppedAt = Date.now();
    if (failed) parent.statusReason ??= "Array Child Job failed";
    this.#over();
  }

  #summarize(parent: ArrayJob): void {
    if (this.#summaryLagMs === 0) refresh(parent);
    if (this.#summaryLagMs === 0 || this.#late.has(parent)) return;
    this.#late.add(parent);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#late.delete(parent);
      refresh(parent);
    }, this.#summaryLagMs);
    this.#timers.add(timer);
  }
}

function refresh(parent: ArrayJob): void {
  parent.summary = { counts: { ...parent.counts }, at: Date.now() };
}
