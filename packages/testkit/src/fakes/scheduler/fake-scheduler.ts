import { Balancer } from "./balancer.ts";
import { EvenLoad } from "./even-load.ts";
import type { CancelAnswer, ResultKind, SchedulerPeers, SchedulerTask } from "./messages.ts";
import type { SchedulerRules } from "./rules.ts";

/**
 * Where a task stands at the scheduler; one that is over is forgotten.
 *
 * | state | meaning |
 * |---|---|
 * | `inactive` | waits for a worker with room |
 * | `running` | sent to a worker |
 * | `canceling` | a cancel is on its way for the client: only its answer, or the worker's end, counts |
 * | `balanceCanceling` | a cancel is on its way to move the task: a result counts too |
 */
type TaskState = "inactive" | "running" | "canceling" | "balanceCanceling";

interface Entry<T> {
  readonly task: T;
  state: TaskState;
}

/**
 * The released scheduler as workers and clients meet it, without sockets and without a clock: every call is one message or one round of
 * a timer, and `now` (milliseconds) comes with it. A differential test compares it with the released controllers, message by message.
 */
export class FakeScheduler<T extends SchedulerTask> {
  readonly #rules: SchedulerRules;
  readonly #peers: SchedulerPeers<T>;
  readonly #load = new EvenLoad();
  readonly #balancer: Balancer;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #unassigned = new Set<string>();
  readonly #aliveSince = new Map<string, number>();
  /** Unfinished tasks of each client. */
  readonly #owned = new Map<string, Set<string>>();
  readonly #owners = new Map<string, string>();
  #crashed = false;

  constructor(rules: SchedulerRules, peers: SchedulerPeers<T>) {
    this.#rules = rules;
    this.#peers = peers;
    this.#balancer = new Balancer(rules);
  }

  /** Whether a message or a lost worker ended the process; see {@link SchedulerRules.openCancelCrashes}. Nothing is to be called from then on. */
  get crashed(): boolean {
    return this.#crashed;
  }

  /** Tasks that wait for a worker. */
  get waiting(): number {
    return this.#unassigned.size;
  }

  /** Tasks that are not over. */
  get unfinished(): number {
    return this.#entries.size;
  }

  /** The worker that holds a task. */
  holder(taskId: string): string | undefined {
    return this.#load.holder(taskId);
  }

  state(taskId: string): TaskState | undefined {
    return this.#entries.get(taskId)?.state;
  }

  workers(): Iterable<string> {
    return this.#load.workers();
  }

  hasWorker(worker: string): boolean {
    return this.#load.has(worker);
  }

  held(worker: string): number {
    return this.#load.held(worker);
  }

  /** Every task that is not over. */
  taskIds(): Iterable<string> {
    return this.#entries.keys();
  }

  submit(task: T): void {
    if (this.#entries.has(task.taskId)) return;
    this.#entries.set(task.taskId, { task, state: "inactive" });
    this.#own(task.source, task.taskId);
    this.#place(task.taskId);
  }

  /** A client asks for the end of a task. */
  cancel(client: string, taskId: string, force: boolean): void {
    const entry = this.#entries.get(taskId);
    if (entry === undefined) {
      this.#peers.toClient(client, { type: "confirm", taskId, answer: "cancelNotFound" });
      return;
    }
    if (entry.state === "inactive") {
      this.#unassigned.delete(taskId);
      this.#confirmToClient(taskId, "canceled");
    } else if (entry.state === "running") {
      this.#own(client, taskId);
      const worker = this.#load.holder(taskId);
      if (worker === undefined) {
        this.#confirmToClient(taskId, "cancelNotFound");
      } else {
        entry.state = "canceling";
        this.#peers.toWorker(worker, { type: "cancel", taskId, force });
      }
    } else if (entry.state === "balanceCanceling") {
      // The cancel of the move is on its way already; its answer completes this one.
      entry.state = "canceling";
    }
  }

  /** A client left, or was silent for too long: whatever it still waited for is cancelled. */
  clientGone(client: string): void {
    for (const taskId of [...(this.#owned.get(client) ?? [])]) this.cancel(client, taskId, this.#rules.deathForces);
  }

  /** The first heartbeat of an id adds the worker. */
  heartbeat(worker: string, queueSize: number, now: number): void {
    if (this.#load.addWorker(worker, queueSize)) this.#retryUnassigned();
    this.#aliveSince.set(worker, now);
    this.#peers.toWorker(worker, { type: "echo" });
  }

  result(worker: string, taskId: string, kind: ResultKind, value: string): void {
    const entry = this.#reported(worker, taskId);
    if (entry === undefined || (entry.state !== "running" && entry.state !== "balanceCanceling")) return;
    this.#load.removeTask(taskId);
    const client = this.#disown(taskId);
    if (client !== undefined) this.#peers.toClient(client, { type: "result", taskId, kind, value });
    this.#entries.delete(taskId);
    this.#retryUnassigned();
  }

  /** A worker's answer to a cancel. */
  confirm(worker: string, taskId: string, answer: CancelAnswer): void {
    const entry = this.#reported(worker, taskId);
    if (entry === undefined || (entry.state !== "canceling" && entry.state !== "balanceCanceling")) return;
    if (answer === "cancelFailed") {
      entry.state = "running";
    } else if (entry.state === "canceling") {
      if (answer === "canceled" || this.#rules.notFoundReleases) this.#load.removeTask(taskId);
      this.#confirmToClient(taskId, answer);
    } else if (answer === "canceled" || this.#rules.notFoundReleases) {
      this.#load.removeTask(taskId);
      this.#place(taskId);
    }
  }

  /** What a task printed; dropped when nobody waits for the task. */
  log(taskId: string): void {
    const client = this.#owners.get(taskId);
    if (client !== undefined) this.#peers.toClient(client, { type: "log", taskId });
  }

  /** A worker says that it leaves. */
  leave(worker: string): void {
    if (!this.#aliveSince.delete(worker)) return;
    for (const taskId of this.#load.removeWorker(worker)) this.#reroute(taskId);
  }

  /** A client shuts the cluster down. */
  shutdown(): void {
    for (const worker of [...this.#load.workers()]) {
      this.#peers.toWorker(worker, { type: "shutdown" });
      this.leave(worker);
    }
  }

  /** Drops silent workers; to be called once a second. */
  sweep(now: number): void {
    for (const [worker, since] of [...this.#aliveSince]) {
      if (now - since > this.#rules.workerTimeoutMs) this.leave(worker);
    }
  }

  /** One round of balancing; to be called once a second. */
  balance(): void {
    const advice = this.#load.advice();
    if (!this.#balancer.acts(advice)) return;
    for (const tasks of advice.values()) {
      for (const taskId of tasks) this.balanceCancel(taskId);
    }
  }

  /** Asks a worker to give a task back for somebody else; nothing happens to a task that no worker holds. */
  balanceCancel(taskId: string): void {
    const entry = this.#entries.get(taskId);
    const worker = this.#load.holder(taskId);
    if (entry?.state !== "running" || worker === undefined) return;
    entry.state = "balanceCanceling";
    this.#peers.toWorker(worker, { type: "cancel", taskId, force: false });
  }

  #reroute(taskId: string): void {
    const entry = this.#entries.get(taskId);
    if (entry === undefined || this.#crashed) return;
    if (entry.state !== "canceling") {
      this.#place(taskId);
    } else if (this.#rules.openCancelCrashes) {
      this.#crashed = true;
    } else {
      this.#confirmToClient(taskId, "canceled");
    }
  }

  /** Sends a task to a worker with room, or puts it at the end of the waiting ones. */
  #place(taskId: string): void {
    const worker = this.#load.assign(taskId);
    if (worker === undefined) {
      const entry = this.#entries.get(taskId);
      if (entry !== undefined) entry.state = "inactive";
      this.#unassigned.add(taskId);
    } else {
      this.#dispatch(taskId, worker);
    }
  }

  #dispatch(taskId: string, worker: string): void {
    const entry = this.#entries.get(taskId);
    if (entry === undefined) return;
    entry.state = "running";
    this.#peers.toWorker(worker, { type: "task", task: entry.task });
  }

  #retryUnassigned(): void {
    for (const taskId of this.#unassigned) {
      const worker = this.#load.assign(taskId);
      if (worker === undefined) return;
      this.#unassigned.delete(taskId);
      this.#dispatch(taskId, worker);
    }
  }

  #confirmToClient(taskId: string, answer: CancelAnswer): void {
    const client = this.#disown(taskId);
    if (client !== undefined) this.#peers.toClient(client, { type: "confirm", taskId, answer });
    this.#entries.delete(taskId);
    this.#retryUnassigned();
  }

  /** The entry that a worker's report is about, unless somebody else holds the task. */
  #reported(worker: string, taskId: string): Entry<T> | undefined {
    const entry = this.#entries.get(taskId);
    if (entry === undefined || !this.#rules.reportsOnlyFromHolder) return entry;
    const holder = this.#load.holder(taskId);
    return holder === undefined || holder === worker ? entry : undefined;
  }

  #own(client: string, taskId: string): void {
    const owned = this.#owned.get(client);
    if (owned === undefined) this.#owned.set(client, new Set([taskId]));
    else owned.add(taskId);
    this.#owners.set(taskId, client);
  }

  #disown(taskId: string): string | undefined {
    const client = this.#owners.get(taskId);
    if (client === undefined) return undefined;
    this.#owners.delete(taskId);
    const owned = this.#owned.get(client);
    owned?.delete(taskId);
    if (owned?.size === 0) this.#owned.delete(client);
    return client;
  }
}
