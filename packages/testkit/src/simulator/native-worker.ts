import type { TaskMessage } from "@scaler-aws-hpc/adapter-core";
import type { ToWorker } from "../fakes/scheduler/index.ts";
import type { Timer } from "./kernel.ts";
import { resultOf, type TaskTruth } from "./task-truth.ts";
import type { World } from "./world.ts";

/** A worker of somebody else beside ours: one task at a time, a queue, and the answers to cancels that the released native worker gives. */
export class NativeWorker {
  readonly id: string;
  readonly #world: World;
  readonly #queue: string[] = [];
  #running: string | undefined;
  #timer: Timer | undefined;
  #alive = true;

  constructor(world: World, id: string) {
    this.id = id;
    this.#world = world;
  }

  /** Makes itself known. */
  begin(): void {
    this.#heartbeat();
  }

  /** Its process ends with its scheduler's. */
  end(): void {
    this.#alive = false;
    this.#world.kernel.cancel(this.#timer);
  }

  receive(message: ToWorker<TaskMessage>): void {
    // As over a wire: the scheduler is not called back while it decides.
    this.#world.kernel.after(this.#world.kernel.random.spread(0.1, 5), () => {
      if (!this.#alive) return;
      if (message.type === "task") {
        this.#queue.push(message.task.taskId);
        this.#next();
      } else if (message.type === "cancel") this.#cancel(message.taskId, message.force);
      else if (message.type === "shutdown") this.end();
    });
  }

  #heartbeat(): void {
    if (!this.#alive) return;
    this.#world.scheduler?.heartbeat(this.id, this.#world.scenario.nativeQueue, this.#world.kernel.now);
    this.#world.kernel.after(2_000, () => this.#heartbeat());
  }

  #cancel(taskId: string, force: boolean): void {
    const { scheduler, kernel } = this.#world;
    const at = this.#queue.indexOf(taskId);
    if (this.#running === taskId) {
      if (!force) {
        scheduler?.confirm(this.id, taskId, "cancelFailed");
        return;
      }
      kernel.cancel(this.#timer);
      this.#running = undefined;
      scheduler?.confirm(this.id, taskId, "canceled");
      this.#next();
    } else if (at >= 0) {
      this.#queue.splice(at, 1);
      scheduler?.confirm(this.id, taskId, "canceled");
    } else scheduler?.confirm(this.id, taskId, "cancelNotFound");
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const taskId = this.#queue.shift();
    if (taskId === undefined) return;
    this.#running = taskId;
    const task = this.#world.truth(taskId);
    this.#timer = this.#world.kernel.after(task.durationMs, () => this.#finish(task));
  }

  #finish(task: TaskTruth): void {
    const { scheduler, kernel } = this.#world;
    this.#running = undefined;
    kernel.seen("other worker ran a task");
    const { taskId } = task.message;
    if (task.kind === "ok") scheduler?.result(this.id, taskId, "success", resultOf(task));
    else if (task.kind === "error") scheduler?.result(this.id, taskId, "failed", resultOf(task));
    else scheduler?.result(this.id, taskId, "failedWorkerDied", "f:WorkerDiedError");
    this.#next();
  }
}
