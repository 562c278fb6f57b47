import type { JobPlan, RecoveredJob, RecoveredWorker } from "@scaler-aws-hpc/adapter-core";
import type { FakeChild } from "./fake-child.ts";
import type { FakeShell } from "./fake-shell.ts";
import type { StoredFrame } from "./fake-store.ts";
import { leaveSeats, type TaskTruth } from "./task-truth.ts";
import type { World } from "./world.ts";

/** A job as the store and the backend know it, whichever manager process made it. */
export interface CloudJob {
  readonly plan: JobPlan;
  /** Tasks of each child, as the bundle holds them. */
  packs: readonly TaskTruth[][];
  state: "staging" | "staged" | "submitted";
  /** The core was told that the job exists. */
  answered: boolean;
  /** An earlier manager process made it. */
  adopted: boolean;
  children: readonly FakeChild[];
}

/** How often a manager writes down that it lives, in milliseconds. */
const RENEW_MS = 5_000;

interface LeaseEntry {
  readonly profile: string;
  /** When the scheduler surely heard from it last, as far as its owner had written that down. */
  heardAt: number;
}

/** What survives a manager process: its lease, its bundles, its jobs. Its frames are in the store. */
export class Cloud {
  readonly #world: World;
  /** Jobs with a bundle in the store, oldest first. */
  readonly #bundles = new Map<string, CloudJob>();
  readonly #workers = new Map<string, LeaseEntry>();
  #scheduler: string | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Bundles that nobody has deleted. */
  get size(): number {
    return this.#bundles.size;
  }

  store(job: CloudJob): void {
    this.#bundles.set(job.plan.name, job);
  }

  delete(name: string): void {
    this.#bundles.delete(name);
  }

  /** Nobody can take anything over: jobs end with their manager, and what they leave is swept. */
  clear(): void {
    this.#bundles.clear();
    this.#workers.clear();
  }

  /** A worker id is written down, before its first heartbeat. */
  note(worker: string, profile: string): void {
    if (!this.#workers.has(worker)) this.#workers.set(worker, { profile, heardAt: this.#world.kernel.now });
  }

  forget(worker: string): void {
    this.#workers.delete(worker);
  }

  met(scheduler: string | undefined): void {
    this.#scheduler = scheduler ?? this.#scheduler;
  }

  /** The lease is renewed for as long as its owner lives. */
  keepLease(shell: FakeShell): void {
    shell.after(RENEW_MS, () => {
      for (const [worker, entry] of this.#workers) entry.heardAt = Math.max(entry.heardAt, shell.heardAt(worker) ?? 0);
      this.keepLease(shell);
    });
  }

  /** A manager process that found everything in order has left nothing. */
  checkLeft(): void {
    const { kernel, store } = this.#world;
    if (this.#bundles.size > 0) kernel.fail("I4", `a manager left in order, and ${this.#bundles.size} bundles with it`);
    if (store.size > 0) kernel.fail("I4", `a manager left in order, and ${store.size} frames with it`);
  }

  /** A manager process was killed: nobody listens to its children, and a submit that was under way has arrived or has not. */
  orphan(): void {
    const { kernel } = this.#world;
    for (const job of this.#bundles.values()) {
      const begins = kernel.random.chance(0.5);
      for (const child of job.children) {
        child.watcher = undefined;
        if (child.state === "pending" && !child.live && begins) child.begin();
        if (child.live) kernel.seen("manager killed over a live child");
      }
      if (job.state !== "submitted" || job.answered) continue;
      const exists = job.children.some(({ live }) => live);
      kernel.seen(exists ? "submit of a killed manager arrived" : "submit of a killed manager was lost");
    }
  }

  /** The next process takes over what is there, as the engine's shell does: lease, bundles with their jobs, then frames and the children's present states. */
  recover(shell: FakeShell, before: FakeShell): void {
    const { kernel, scenario, store } = this.#world;
    const life = scenario.core.workerLifeMs ?? 55_000;
    const workers: RecoveredWorker[] = [];
    const holders = new Set<string>();
    for (const [worker, { profile, heardAt }] of this.#workers) {
      // Not how old the lease is: its owner may have lived on without a connection, or never have had one.
      const silentMs = kernel.now - heardAt;
      workers.push({ worker, profile, silentMs });
      shell.inherit(worker, before.heardAt(worker) ?? heardAt);
      if (silentMs <= life) holders.add(worker);
      kernel.seen(silentMs <= life ? "manager back in its workers' life" : "manager back too late for its workers");
    }
    const jobs: RecoveredJob[] = [];
    const adopted: CloudJob[] = [];
    for (const [name, job] of [...this.#bundles]) {
      if (!job.children.some(({ known }) => known)) {
        // Never submitted: the scheduler assigns its tasks again.
        kernel.seen("bundle without a job");
        for (const child of job.children) for (const task of child.tasks) leaveSeats(task, child);
        this.#bundles.delete(name);
        continue;
      }
      adopted.push(job);
      const found = this.#found(job);
      jobs.push(found);
      this.#claim(shell, before, found, holders);
    }
    shell.recovered = new Set(adopted.flatMap(({ packs }) => packs.flat()));
    for (const task of shell.recovered) hearsAgain(task);
    const scheduler = scenario.tellsIdentity ? this.#scheduler : undefined;
    if (workers.length > 0 || jobs.length > 0) {
      for (const job of adopted) shell.jobs.adopt(job);
      shell.post({ type: "recovered", workers, jobs, scheduler });
    } else shell.post({ type: "tick" });
    if (!shell.alive) return;
    const frames = [...store.frames()];
    for (const job of adopted) {
      for (const child of job.children) {
        child.follow(
          shell.reports,
          frames.filter(({ event }) => event.job === child.job && event.child === child.index),
        );
      }
    }
    for (const frame of frames) this.#checkBundle(frame);
  }

  #found({ plan, packs, children }: CloudJob): RecoveredJob {
    const { name, profile, runner, fresh } = plan;
    const holders = new Map<string, string>();
    for (const pack of plan.packs) {
      for (const [at, { taskId }] of pack.tasks.entries()) holders.set(taskId, pack.holders[at] ?? "");
    }
    if (children.some(({ live }) => live)) this.#world.kernel.seen("live job taken over");
    return {
      ...{ name, profile, runner, fresh },
      children: packs.map((tasks) =>
        tasks.map(({ message }) => ({ task: message, holder: holders.get(message.taskId) ?? "" })),
      ),
    };
  }

  /** The assignments that the new process takes for its own. */
  #claim(shell: FakeShell, before: FakeShell, found: RecoveredJob, holders: ReadonlySet<string>): void {
    for (const { task, holder } of found.children.flat()) {
      const { taskId } = task;
      if (!holders.has(holder) || shell.claims.get(holder, taskId) !== undefined) continue;
      shell.claims.received(holder, taskId, before.claims.get(holder, taskId)?.epoch ?? this.#world.epoch);
    }
  }

  #checkBundle({ key, event }: StoredFrame): void {
    const { kernel } = this.#world;
    kernel.seen("stored frame taken over");
    if (!this.#bundles.has(event.job))
      kernel.fail("I3", `${key} is stored, but the bundle that tells what it is is gone`);
  }
}

/** The new process has not been told of its result yet; of two attempts it may take the other one's. */
function hearsAgain(task: TaskTruth): void {
  if (task.frames.length === 0) return;
  task.frames.length = 0;
  task.finished = false;
  for (const seat of task.seats) seat.open = true;
}
