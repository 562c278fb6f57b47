import type { TaskMessage } from "@scaler-aws-hpc/adapter-core";
import { FakeScheduler, type ToClient, type ToWorker } from "../fakes/scheduler/index.ts";
import { Cloud } from "./cloud.ts";
import { Coverage, SOMETIMES } from "./coverage.ts";
import { Executions } from "./executions.ts";
import { FakeShell, SILENCE_MS } from "./fake-shell.ts";
import { FakeStore } from "./fake-store.ts";
import { Kernel } from "./kernel.ts";
import { NativeWorker } from "./native-worker.ts";
import { Network, type Upward } from "./network.ts";
import { Random } from "./random.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import type { TaskTruth } from "./task-truth.ts";
import { Workload } from "./workload.ts";

/** The scheduler, the network, the store, the other workers and the present manager process of one run; and what must hold between them. */
export class World {
  readonly kernel: Kernel;
  readonly scenario: Scenario;
  readonly store = new FakeStore();
  readonly network: Network;
  readonly workload: Workload;
  readonly executions: Executions;
  readonly cloud: Cloud;
  scheduler: FakeScheduler<TaskMessage> | undefined;
  /** Counts scheduler processes. */
  epoch = 0;
  /** Until then no child can be started. */
  imageBadUntil = 0;
  shell: FakeShell;
  readonly #tasks = new Map<string, TaskTruth>();
  readonly #natives = new Map<string, NativeWorker>();
  #shells = 0;
  #seq = 1;
  #echoOf = 0;
  #busyUntil = 0;
  /** What has reached the scheduler and waits for its turn. */
  #inbox: (readonly [worker: string, message: Upward])[] = [];

  constructor(seed: number, tasks: number, echo?: (line: string) => void) {
    const random = new Random(seed);
    this.scenario = drawScenario(random, tasks);
    this.kernel = new Kernel(random, new Coverage(SOMETIMES), echo);
    this.network = new Network(
      this.kernel,
      () => (this.faulty ? this.scenario.rates.slowMessage : 0),
      (worker, message) => this.#reaches(worker, message),
    );
    this.executions = new Executions(this.kernel, this.scenario.core.profiles, this.scenario.core.maxRetries ?? 4);
    this.cloud = new Cloud(this);
    this.workload = new Workload(this);
    this.startScheduler();
    this.shell = this.#startShell();
    this.#everySecond();
  }

  /** A number that grows with everything that managers send, to tell what an echo proves. */
  nextSeq(): number {
    return this.#seq++;
  }

  /** Whether faults still begin. */
  get faulty(): boolean {
    return this.kernel.now < this.scenario.faultsUntilMs;
  }

  /** Whether something that goes wrong that often does so now. */
  chance(rate: number): boolean {
    return rate > 0 && this.faulty && this.kernel.random.chance(rate);
  }

  addTask(task: TaskTruth): void {
    this.#tasks.set(task.message.taskId, task);
  }

  tasks(): Iterable<TaskTruth> {
    return this.#tasks.values();
  }

  /** @throws {RangeError} for a task that no client ever sent. */
  truth(taskId: string): TaskTruth {
    const task = this.#tasks.get(taskId);
    if (task === undefined) throw new RangeError(`no client sent task ${taskId}`);
    return task;
  }

  /** A client's function could not be looked at: its tasks may fail. */
  excuse(source: string, functionId: string): void {
    for (const { message } of this.#tasks.values()) {
      if (message.source === source && message.functionId === functionId) this.truth(message.taskId).mayFail = true;
    }
  }

  // ---- the scheduler

  startScheduler(): void {
    this.epoch += 1;
    this.scheduler = new FakeScheduler<TaskMessage>(this.scenario.rules, {
      toWorker: (worker, message) => this.#toWorker(worker, message),
      toClient: (client, message) => this.#toClient(client, message),
    });
    this.network.scheduler = `scheduler-${this.epoch}`;
    for (let index = 0; index < this.scenario.natives; index += 1) {
      const id = `Worker|native|${this.epoch}.${index}`;
      const { epoch } = this;
      this.kernel.after(this.kernel.random.spread(1, 30_000), () => {
        if (this.scheduler === undefined || this.epoch !== epoch) return;
        const native = new NativeWorker(this, id);
        this.#natives.set(id, native);
        native.begin();
      });
    }
  }

  /** The scheduler's process ends, and another one starts later: every task is gone. */
  endScheduler(downMs: number): void {
    this.kernel.log("scheduler ends", "", downMs);
    this.scheduler = undefined;
    this.#inbox = [];
    this.network.schedulerGone();
    for (const native of this.#natives.values()) native.end();
    this.#natives.clear();
    this.workload.schedulerEnds();
    this.kernel.after(downMs, () => this.startScheduler());
  }

  isNative(worker: string): boolean {
    return this.#natives.has(worker);
  }

  /** Tasks of the scheduler that workers of the present manager hold. */
  held(): string[] {
    const held: string[] = [];
    for (const taskId of this.scheduler?.taskIds() ?? []) {
      const worker = this.scheduler?.holder(taskId);
      if (worker !== undefined && this.shell.workers.has(worker)) held.push(taskId);
    }
    return held;
  }

  #everySecond(): void {
    this.kernel.after(1_000, () => {
      const { scheduler } = this;
      if (scheduler !== undefined && this.kernel.now >= this.#busyUntil) {
        const before = [...this.shell.workers.keys()].filter((worker) => scheduler.hasWorker(worker));
        scheduler.sweep(this.kernel.now);
        if (before.some((worker) => !scheduler.hasWorker(worker))) this.kernel.seen("worker timed out");
        scheduler.balance();
        if (scheduler.waiting > 0) this.kernel.seen("more tasks than room");
        this.#lookForCrash();
      }
      this.#everySecond();
    });
  }

  /** The scheduler falls behind: what reaches it waits, while connections come and go. */
  lag(durationMs: number): void {
    this.kernel.seen("scheduler behind");
    this.kernel.log("scheduler behind", "", durationMs);
    this.#busyUntil = Math.max(this.#busyUntil, this.kernel.now + durationMs);
    this.kernel.after(durationMs, () => {
      if (this.kernel.now < this.#busyUntil) return;
      for (const [worker, message] of this.#inbox.splice(0)) this.#fromWorker(worker, message);
    });
  }

  #reaches(worker: string, message: Upward): void {
    if (this.kernel.now < this.#busyUntil) this.#inbox.push([worker, message]);
    else this.#fromWorker(worker, message);
  }

  #lookForCrash(): void {
    if (this.scheduler?.crashed !== true) return;
    this.kernel.seen("old scheduler ended by an open cancel");
    this.endScheduler(this.kernel.random.spread(100, 10_000));
  }

  #fromWorker(worker: string, message: Upward): void {
    const { scheduler, kernel } = this;
    if (scheduler === undefined) return;
    kernel.log(`scheduler < ${message.type}`, worker.slice(-6), "taskId" in message ? message.taskId : "");
    switch (message.type) {
      case "heartbeat":
        this.#echoOf = message.seq;
        scheduler.heartbeat(worker, message.queueSize, kernel.now);
        break;
      case "result":
        this.#resultArrives(scheduler, worker, message.taskId);
        scheduler.result(worker, message.taskId, message.kind, message.value);
        break;
      case "confirm":
        scheduler.confirm(worker, message.taskId, message.answer);
        break;
      case "log":
        // Schedulers up to 2.6.0 end at it.
        if (this.truth(message.taskId).takenFrom === worker) {
          kernel.fail("I1", `${worker} sends logs of ${message.taskId} after the scheduler has handled its result`);
        }
        scheduler.log(message.taskId);
        break;
      case "leave":
        scheduler.leave(worker);
        break;
    }
    this.#lookForCrash();
  }

  #resultArrives(scheduler: FakeScheduler<TaskMessage>, worker: string, taskId: string): void {
    const state = scheduler.state(taskId);
    const holder = scheduler.holder(taskId);
    const taken = (state === "running" || state === "balanceCanceling") && holder === worker;
    if (taken) this.truth(taskId).takenFrom = worker;
    const claim = this.shell.claims.get(worker, taskId);
    if (claim === undefined) return;
    if (claim.handled) this.kernel.seen("result handled twice by the scheduler");
    if (taken || state === undefined) claim.handled = true;
  }

  #toWorker(worker: string, message: ToWorker<TaskMessage>): void {
    const native = this.#natives.get(worker);
    if (native !== undefined) native.receive(message);
    else this.network.toWorker(worker, { message, seq: message.type === "echo" ? this.#echoOf : 0 });
  }

  #toClient(client: string, message: ToClient): void {
    if (message.type !== "log") this.workload.answer(client, message);
  }

  // ---- the manager

  #startShell(before?: FakeShell): FakeShell {
    this.#shells += 1;
    const shell = new FakeShell(this, this.#shells);
    this.shell = shell;
    this.cloud.keepLease(shell);
    if (before === undefined || this.scenario.childrenDieWithUs) {
      this.kernel.after(1, () => shell.post({ type: "tick" }));
    } else this.cloud.recover(shell, before);
    return shell;
  }

  /** A manager process ended. Where its jobs outlive it, the next one takes over. */
  shellOver(shell: FakeShell): void {
    if (this.scenario.childrenDieWithUs) this.#endsWithAll(shell);
    else {
      const { random } = this.kernel;
      this.cloud.orphan();
      const downMs = random.chance(0.7) ? random.spread(50, 45_000) : random.spread(55_000, 150_000);
      this.kernel.after(downMs, () => this.#startShell(shell));
    }
  }

  /** What it left in the store is swept; its successor starts empty-handed. */
  #endsWithAll(shell: FakeShell): void {
    shell.jobs.kill();
    this.store.sweep(shell.index);
    this.cloud.clear();
    for (const task of this.#tasks.values()) {
      task.frames.length = 0;
      task.finished = false;
      for (const seat of task.seats) if (seat.child.shell === shell.index) seat.open = false;
    }
    const { random } = this.kernel;
    const releases = shell.leaving === "no" && random.chance(0.5);
    this.kernel.after(random.spread(50, 5_000), () => {
      if (releases) this.#releaseOld(shell);
      this.#startShell();
    });
  }

  /** A process that finds the ids of its predecessor comes back under each of them to say goodbye. */
  #releaseOld(shell: FakeShell): void {
    this.kernel.seen("manager released old ids after a crash");
    for (const worker of shell.workers.keys()) {
      const connection = this.network.open(worker, {
        up: () => {
          this.network.send(connection, { type: "leave" });
          this.network.close(connection);
        },
        down: () => {},
        message: () => {},
      });
    }
  }

  /** A task reached a worker of ours. */
  taskArrives(shell: FakeShell, worker: string, taskId: string): void {
    const task = this.truth(taskId);
    const former = shell.claims.latest(taskId);
    task.lostAttempts = 0;
    // An earlier process was done with it, and what it left says nothing of it.
    if (former === undefined && task.frames.length === 0 && !shell.recovered.has(task)) task.finished = false;
    if (former === undefined && shell.recovered.has(task)) {
      if (task.seats.some((seat) => seat.open)) this.kernel.seen("task came again to a job that was taken over");
      // Nobody claimed it for so long.
      if (this.kernel.now - shell.startedAt >= (this.scenario.core.claimGraceMs ?? 60_000)) forgive(task);
    }
    if (former !== undefined) {
      this.kernel.seen("task came again to a worker of ours");
      // What nobody claimed for so long may be forgotten, though a frame that holds other results too is still there.
      const lostAt = shell.lostAt(former.worker);
      const { claimGraceMs = 60_000, deathTimeoutMs = 300_000 } = this.scenario.core;
      const { now } = this.kernel;
      if (now - Math.min(former.endedAt, lostAt) >= claimGraceMs || now - lostAt + SILENCE_MS >= deathTimeoutMs) {
        forgive(task);
      }
    }
    if (task.seats.some((seat) => seat.open)) this.kernel.seen("task came again while its child ran");
    if (task.frames.length > 0) this.kernel.seen("task came again after it had finished");
    shell.claims.received(worker, taskId, this.epoch);
  }

  cancelArrives(shell: FakeShell, worker: string, taskId: string, force: boolean): void {
    if (!force) return;
    const task = this.truth(taskId);
    const claim = shell.claims.get(worker, taskId);
    if (claim !== undefined && claim.sentOn > 0) this.kernel.seen("cancel of an answered task");
    else if (task.frames.length > 0) this.kernel.seen("cancel of a finished task");
    else if (task.seats.some((seat) => seat.open)) this.kernel.seen("cancel of a task in a child");
    else if (shell.jobs.stages(task)) this.kernel.seen("cancel of a task being staged");
    else this.kernel.seen("cancel of a task that had not started");
  }

  /** A worker of ours says goodbye: nothing that runs for it, or has finished, may be given away without need. */
  leaves(shell: FakeShell, worker: string): void {
    const { kernel, scenario } = this;
    const brokeAt = shell.workers.get(worker) ?? Number.POSITIVE_INFINITY;
    if (brokeAt < kernel.now) kernel.seen("resumed worker left");
    const silent = shell.wasSilent(worker);
    if (silent) kernel.seen("worker came back too late");
    const limit = scenario.core.resumeLimitMs ?? 300_000;
    if (shell.leaving === "stop" || silent || kernel.now - brokeAt >= limit) return;
    for (const claim of shell.claims.open(worker)) {
      const task = this.truth(claim.taskId);
      const ours = claim.epoch === this.epoch && this.scheduler?.holder(claim.taskId) === worker;
      if (ours && (task.frames.length > 0 || task.seats.some((seat) => seat.open))) {
        kernel.fail("I5", `${worker} leaves although ${claim.taskId} has started for it`);
      }
    }
  }

  /** A frame is deleted: returns the tasks that have no other result stored. */
  deleteFrame(key: string): readonly TaskTruth[] {
    const frame = this.store.get(key);
    if (frame === undefined) return [];
    this.store.delete(key);
    const bare: TaskTruth[] = [];
    for (const { task } of frame.results) {
      if (!task.frames.includes(key)) continue;
      task.frames = task.frames.filter((other) => other !== key);
      if (task.frames.length === 0) bare.push(task);
    }
    return bare;
  }

  /** The core had the last frame with this task's result deleted: it must be handled, and proven to be, or unwanted. */
  checkDeleted(shell: FakeShell, task: TaskTruth): void {
    const { taskId } = task.message;
    const claim = shell.claims.latest(taskId);
    if (shell.leaving === "stop" || claim?.state !== "open" || claim.epoch !== this.epoch) return;
    // Who was silent for so long has lost its tasks, or is about to.
    if (shell.wasSilent(claim.worker)) return;
    if (claim.handled) this.kernel.fail("I3", `frame deleted before it is proven that ${taskId} was handled`);
    else if (this.scheduler?.holder(taskId) === claim.worker) {
      this.kernel.fail("I3", `frame deleted while the scheduler waits for ${taskId}`);
    }
  }

  /** The shell cannot deliver a result: the core may run the task again. */
  deliveryFails(shell: FakeShell, taskId: string): void {
    const task = this.truth(taskId);
    this.executions.mishap(shell.index, task);
    task.frames.length = 0;
    task.finished = false;
  }
}

/** A task may run again, though it had finished. */
function forgive(task: TaskTruth): void {
  task.frames.length = 0;
  task.finished = false;
}
