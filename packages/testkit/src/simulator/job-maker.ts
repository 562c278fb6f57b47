import type { ChildRef, EngineEffect, JobPlan } from "@scaler-aws-hpc/adapter-core";
import type { CloudJob } from "./cloud.ts";
import { FakeChild } from "./fake-child.ts";
import type { FakeShell } from "./fake-shell.ts";
import { leaveSeats, type TaskTruth } from "./task-truth.ts";

type Inspect = Extract<EngineEffect, { type: "inspect" }>;

/** Fetches objects, stores bundles, submits jobs and stops children, as the shell and a backend would, with all that can go wrong in it. */
export class JobMaker {
  readonly #shell: FakeShell;
  readonly #jobs = new Map<string, CloudJob>();

  constructor(shell: FakeShell) {
    this.#shell = shell;
  }

  /** Jobs that the core has not released. */
  get size(): number {
    return this.#jobs.size;
  }

  /** Whether the core knows that the job exists, or has forgotten it. */
  answered(job: string): boolean {
    return this.#jobs.get(job)?.answered ?? true;
  }

  /** Whether a task's bundle is being made. */
  stages(task: TaskTruth): boolean {
    for (const job of this.#jobs.values()) {
      if (job.state === "staging" && job.packs.some((tasks) => tasks.includes(task))) return true;
    }
    return false;
  }

  inspect({ source, functionId }: Inspect): void {
    const { world } = this.#shell;
    this.#shell.after(world.kernel.random.spread(0.5, 200), () => {
      if (world.chance(world.scenario.rates.inspectFails)) {
        world.kernel.seen("inspect failed");
        world.excuse(source, functionId);
        const outcome = { ok: false, message: "the serializer object is missing" } as const;
        this.#shell.post({ type: "inspected", source, functionId, outcome });
      } else {
        const outcome = { ok: true, runner: "sim", digest: functionId } as const;
        this.#shell.post({ type: "inspected", source, functionId, outcome });
      }
    });
  }

  stage(plan: JobPlan): void {
    const { world } = this.#shell;
    const { kernel, scenario } = world;
    if (this.#jobs.has(plan.name)) kernel.fail("I5", `${plan.name} is staged twice`);
    const packs = plan.packs.map((pack) => pack.tasks.map(({ taskId }) => world.truth(taskId)));
    const job: CloudJob = { plan, packs, state: "staging", answered: false, adopted: false, children: [] };
    this.#jobs.set(plan.name, job);
    const most = scenario.core.maxTasksPerPack ?? 10_000;
    for (const pack of plan.packs) {
      if (pack.tasks.some((task) => task.source !== pack.source)) kernel.fail("I8", `${plan.name} mixes clients`);
      if (pack.tasks.length > most) kernel.fail("I8", `${plan.name}: a pack of ${pack.tasks.length} tasks`);
    }
    this.#checkRoom(plan.profile);
    this.#shell.after(kernel.random.spread(0.5, 300), () => this.#staged(job));
  }

  submit(name: string): void {
    const { world } = this.#shell;
    const { kernel, scenario } = world;
    const job = this.#jobs.get(name);
    if (job?.state !== "staged") {
      kernel.fail("I5", `${name} is submitted though it is ${job?.state ?? "unknown"}`);
      return;
    }
    job.state = "submitted";
    const { profile, fresh, attempts } = job.plan;
    job.children = job.packs.map(
      (tasks, index) =>
        new FakeChild(world, this.#shell.reports, { job: name, index, profile, fresh, tasks, attempts }),
    );
    for (const child of job.children) for (const task of child.tasks) this.#takeSeat(task, child);
    const { rates } = scenario;
    this.#shell.after(kernel.random.spread(0.5, 200), () => {
      if (world.chance(rates.submitFails)) {
        kernel.seen("submit failed");
        this.#refuse(job, true, "the backend is unavailable");
      } else if (world.chance(rates.submitRefused)) {
        kernel.seen("submit refused");
        this.#refuse(job, false, "the backend refuses the job");
      } else {
        for (const child of job.children) child.begin();
        const lost = world.chance(rates.submitAnswerLost);
        if (lost) kernel.seen("submit answer lost");
        this.#shell.after(lost ? kernel.random.spread(500, 20_000) : kernel.random.spread(0.1, 30), () => {
          job.answered = true;
          this.#shell.post({ type: "submitted", job: name, outcome: { ok: true } });
        });
      }
    });
  }

  cancelChildren(refs: readonly ChildRef[]): void {
    for (const ref of refs) {
      const child = this.#jobs.get(ref.job)?.children[ref.child];
      if (child === undefined) {
        this.#shell.world.kernel.fail("I4", `${ref.job}.${ref.child} is to be stopped, but there is no such child`);
        return;
      }
      child.stopAsked = true;
      if (this.#jobs.get(ref.job)?.adopted === true) {
        this.#shell.world.kernel.seen("unclaimed child of an earlier manager stopped");
      }
      for (const task of child.tasks) leaveSeats(task, child);
      this.#shell.after(this.#shell.world.kernel.random.spread(0.2, 500), () => child.cancel());
    }
  }

  revoke(ref: ChildRef, tasks: readonly number[]): void {
    if (this.#shell.world.scenario.core.backend.revokes !== true) {
      this.#shell.world.kernel.fail("I4", "the backend cannot revoke single tasks");
    }
    const child = this.#jobs.get(ref.job)?.children[ref.child];
    if (child === undefined) {
      this.#shell.world.kernel.fail("I4", `tasks of ${ref.job}.${ref.child} are revoked, but there is no such child`);
      return;
    }
    for (const index of tasks) {
      const task = child.tasks[index];
      if (task !== undefined) leaveSeats(task, child);
    }
    this.#shell.after(this.#shell.world.kernel.random.spread(0.2, 100), () => child.revoke(tasks));
  }

  /** Goes on with a job of an earlier process. */
  adopt(job: CloudJob): void {
    job.answered = true;
    job.adopted = true;
    this.#jobs.set(job.plan.name, job);
  }

  release(name: string): void {
    const job = this.#jobs.get(name);
    this.#jobs.delete(name);
    this.#shell.world.cloud.delete(name);
    if (job?.children.some((child) => child.live)) {
      this.#shell.world.kernel.fail("I4", `${name} is forgotten while a child of it lives`);
    }
  }

  /** The manager is gone: so are the children of a backend that lives in it. */
  kill(): void {
    for (const job of this.#jobs.values()) for (const child of job.children) child.kill();
  }

  #staged(job: CloudJob): void {
    const { world } = this.#shell;
    const { kernel, scenario } = world;
    const { rates } = scenario;
    const name = job.plan.name;
    if (world.chance(rates.stagingRefused)) {
      kernel.seen("staging refused");
      this.#refuse(job, false, "the payload is too large");
      return;
    }
    if (world.chance(rates.stagingFails)) {
      kernel.seen("staging failed");
      this.#refuse(job, true, "the payload store is unavailable");
      return;
    }
    const absent: string[] = [];
    const deferred: string[] = [];
    job.packs = job.packs.map((tasks) => {
      const held: TaskTruth[] = [];
      for (const task of tasks) {
        const { taskId } = task.message;
        const late = !task.fetched && (task.kind === "missing" || world.chance(rates.objectLate));
        if (late) {
          absent.push(taskId);
          this.#fetch(job, task);
        } else if (held.length > 0 && world.chance(rates.deferred)) {
          kernel.seen("task deferred by bytes");
          deferred.push(taskId);
        } else held.push(task);
      }
      return held;
    });
    job.packs = job.packs.filter((tasks) => tasks.length > 0);
    job.state = "staged";
    if (job.packs.length > 0) world.cloud.store(job);
    this.#shell.post({ type: "staged", job: name, outcome: { ok: true, absent, deferred } });
  }

  /** An object that was not there in time comes later, or never. */
  #fetch(job: CloudJob, task: TaskTruth): void {
    const { kernel } = this.#shell.world;
    const missing = task.kind === "missing";
    kernel.seen(missing ? "object missing" : "object late");
    this.#shell.after(missing ? 5_000 : kernel.random.spread(10, 5_000), () => {
      task.fetched = !missing;
      const message = missing ? "input object missing" : undefined;
      this.#shell.post({ type: "fetched", taskId: task.message.taskId, job: job.plan.name, missing: message });
    });
  }

  #refuse(job: CloudJob, retry: boolean, message: string): void {
    const { world } = this.#shell;
    const tasks = job.packs.flat();
    for (const task of tasks) {
      world.executions.mishap(this.#shell.index, task);
      if (!retry) task.mayFail = true;
    }
    for (const child of job.children) for (const task of child.tasks) leaveSeats(task, child);
    for (const child of job.children) child.kill();
    const type = job.state === "staging" ? "staged" : "submitted";
    this.#shell.post({ type, job: job.plan.name, outcome: { ok: false, retry, message } });
  }

  #takeSeat(task: TaskTruth, child: FakeChild): void {
    const { kernel } = this.#shell.world;
    const other = task.seats.find((seat) => seat.open);
    if (other !== undefined) {
      const where = `${other.child.job}.${other.child.index}`;
      kernel.fail("I5", `${task.message.taskId} is submitted again in ${child.job} while it is in ${where}`);
    }
    const frame = task.frames[0];
    if (frame !== undefined) {
      kernel.fail("I5", `${task.message.taskId} is submitted again in ${child.job} though ${frame} has its result`);
    }
    if (task.finished)
      kernel.fail("I5", `${task.message.taskId} is submitted again in ${child.job} after it had finished`);
    task.seats = task.seats.filter((seat) => seat.open);
    task.seats.push({ child, open: true });
  }

  /** What is being made and what runs never exceeds the slots. */
  #checkRoom(profile: string): void {
    const { kernel, scenario } = this.#shell.world;
    let children = 0;
    for (const job of this.#jobs.values()) {
      if (job.plan.profile !== profile) continue;
      children +=
        job.state === "submitted" ? job.children.filter(({ state }) => state !== "over").length : job.packs.length;
    }
    const { slots, ahead = 0 } = scenario.core.profiles.find(({ name }) => name === profile) ?? { slots: 0 };
    if (children > slots + ahead)
      kernel.fail("I8", `${children} children staged or live in ${slots} slots of ${profile} and ${ahead} ahead`);
  }
}
