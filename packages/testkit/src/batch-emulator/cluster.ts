import { type AttemptContext, type Outcome, runAttempt } from "./attempt-run.ts";
import type { Container } from "./container.ts";
import { isArray, isOver, type TopJob, type UnitJob } from "./job.ts";
import { JobBoard } from "./job-board.ts";
import type { JobTable } from "./job-table.ts";
import type { JobQueue } from "./queues.ts";
import { isRetried } from "./retry-rules.ts";

/** Runs jobs on the vCPUs of their queues, in the order in which they became RUNNABLE. */
export class Cluster implements AsyncDisposable {
  /** Containers that run now, those that Batch took for lost included. */
  running = 0;
  /** Most of them that ran at once. */
  peak = 0;
  /** Containers that were started. */
  started = 0;
  readonly #context: AttemptContext;
  readonly #jobs: JobTable;
  readonly #board: JobBoard;
  readonly #containers = new Map<UnitJob, Container>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting: TopJob[] = [];
  #closed = false;

  constructor(context: Omit<AttemptContext, "running">, jobs: JobTable) {
    this.#context = { ...context, running: () => {} };
    this.#jobs = jobs;
    this.#board = new JobBoard(context.timing.summaryLagMs, () => this.#release());
  }

  /** Takes a job that was just submitted. */
  submit(job: TopJob): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#accept(job);
    }, this.#context.timing.submittedMs);
    this.#timers.add(timer);
  }

  /**
   * `terminate` ends a job in whatever state; `cancel` one that has not started. Of an array all children.
   * A job that is over stays as it is.
   */
  end(job: TopJob, reason: string, how: "terminate" | "cancel"): void {
    if (isOver(job.status)) return;
    if (isArray(job)) {
      if (how === "terminate") job.isTerminated = true;
      else job.isCancelled = true;
      job.statusReason = reason;
      for (const child of job.children) this.end(child, reason, how);
      return;
    }
    if (job.stop !== undefined) {
      // A job that has started is silently not cancelled.
      if (how === "cancel") return;
      job.isTerminated = true;
      job.stop(reason);
      return;
    }
    if (how === "terminate") job.isTerminated = true;
    job.isCancelled = true;
    this.#fail(job, reason);
  }

  /** Has nothing leave RUNNABLE, for the reason that the first in line then shows, or lets it go on. */
  stick(queue: JobQueue, reason: string | undefined): void {
    queue.stuck = reason;
    this.#pump(queue);
  }

  /** Sends a signal to the container of a job; false when it has none. */
  kill(job: UnitJob, signal: "SIGTERM" | "SIGKILL"): boolean {
    const container = this.#containers.get(job);
    container?.kill(signal);
    return container !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#board.close();
    await this.#context.host[Symbol.asyncDispose]();
  }

  #accept(job: TopJob): void {
    const { refused, dependsOn } = job.spec;
    const units = isArray(job) ? job.children : [job];
    if (refused !== undefined) {
      for (const unit of units) if (!isOver(unit.status)) this.#fail(unit, refused);
      return;
    }
    const states = dependsOn.map((id) => this.#jobs.find(id)?.status ?? "FAILED");
    if (states.includes("FAILED")) {
      for (const unit of units) if (!isOver(unit.status)) this.#fail(unit, "Dependent Job failed");
      return;
    }
    if (!states.every((status) => status === "SUCCEEDED")) {
      for (const unit of units) if (unit.status === "SUBMITTED") this.#board.move(unit, "PENDING");
      this.#waiting.push(job);
      return;
    }
    for (const unit of units) if (!isOver(unit.status)) this.#line(unit);
    this.#pump(job.spec.queue);
  }

  /** Something is over: what depended on it may go on. */
  #release(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const job of waiting) if (!isOver(job.status)) this.#accept(job);
  }

  #line(unit: UnitJob): void {
    this.#board.move(unit, "RUNNABLE");
    unit.spec.queue.push(unit);
  }

  #fail(unit: UnitJob, reason: string): void {
    unit.statusReason = reason;
    this.#board.move(unit, "FAILED");
  }

  #pump(queue: JobQueue): void {
    while (!this.#closed && queue.stuck === undefined) {
      const job = queue.head();
      if (job === undefined) return;
      const vcpus = Number(job.spec.resources["VCPU"] ?? "1");
      if (vcpus > queue.vcpus) job.statusReason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT";
      if (queue.usedVcpus + vcpus > queue.vcpus) return;
      void this.#attempt(job, vcpus);
    }
  }

  async #attempt(job: UnitJob, vcpus: number): Promise<void> {
    const { queue } = job.spec;
    queue.usedVcpus += vcpus;
    job.startedAt = undefined;
    this.#board.move(job, "STARTING");
    const stopped = Promise.withResolvers<string>();
    job.stop = stopped.resolve;
    const outcome = await runAttempt(job, stopped.promise, {
      ...this.#context,
      running: (container) => this.#count(job, container),
    });
    this.#containers.delete(job);
    job.stop = undefined;
    queue.usedVcpus -= vcpus;
    if (this.#closed) return;
    this.#settle(job, outcome);
    this.#pump(queue);
  }

  #count(job: UnitJob, container: Container): void {
    this.started += 1;
    this.running += 1;
    this.peak = Math.max(this.peak, this.running);
    this.#containers.set(job, container);
    void container.ended.then(() => {
      this.running -= 1;
    });
    if (job.status === "RUNNING") return;
    job.startedAt = Date.now();
    this.#board.move(job, "RUNNING");
  }

  #settle(job: UnitJob, outcome: Outcome): void {
    const { statusReason, exitCode, reason } = outcome;
    const { startedAt, taskArn, logStreamName } = job;
    job.attempts.push({ startedAt, stoppedAt: Date.now(), statusReason, exitCode, reason, taskArn, logStreamName });
    job.statusReason = statusReason;
    job.exitCode = exitCode;
    job.reason = reason;
    const { attempts, evaluateOnExit } = job.spec.retry;
    if (exitCode === 0 && outcome.final === undefined) this.#board.move(job, "SUCCEEDED");
    else if (outcome.final === undefined && job.attempts.length < attempts && isRetried(outcome, evaluateOnExit))
      this.#line(job);
    else this.#board.move(job, "FAILED");
  }
}
