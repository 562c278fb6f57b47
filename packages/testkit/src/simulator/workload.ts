import type { ToClient } from "../fakes/scheduler/index.ts";
import { drawTask, mayFail, resultOf, type TaskTruth } from "./task-truth.ts";
import type { World } from "./world.ts";

type Answer = Exclude<ToClient, { type: "log" }>;

interface Client {
  source: string;
  functions: readonly string[];
}

/** The clients: they submit tasks over time, cancel some, die, and look closely at what they get. */
export class Workload {
  /** Tasks without an answer. */
  waiting = 0;
  submitted = 0;
  readonly #world: World;
  readonly #clients: Client[];

  constructor(world: World) {
    this.#world = world;
    const { kernel, scenario } = world;
    this.#clients = Array.from({ length: scenario.clients }, () => this.#newClient());
    let at = 0;
    for (let index = 0; index < scenario.tasks; index += 1) {
      // Bursts, with pauses between them.
      if (kernel.random.chance(0.1)) at = kernel.random.next() * scenario.arrivalMs;
      const client = kernel.random.pick(this.#clients);
      kernel.after(at + 100, () => this.#submit(client));
    }
  }

  /** A burst for a client of its own whose every task takes that long. */
  burst(count: number, durationMs: number): void {
    const client = this.#newClient();
    for (let index = 0; index < count; index += 1) {
      this.#send({ ...this.#draw(client), kind: "ok", durationMs }, false);
    }
  }

  /** A client's process ends: nobody waits for its tasks any more. */
  dies(): void {
    const { kernel, scheduler } = this.#world;
    const client = kernel.random.pick(this.#clients);
    if (scheduler === undefined) return;
    kernel.seen("client died");
    kernel.log("client dies", client.source);
    this.#giveUp((task) => task.message.source === client.source, "its client died");
    scheduler.clientGone(client.source);
    Object.assign(client, this.#newClient());
  }

  /** Clients of a scheduler that is gone get an error for everything, and connect to the next one as new ones. */
  schedulerEnds(): void {
    this.#giveUp(() => true, "its scheduler ended");
    for (const client of this.#clients) Object.assign(client, this.#newClient());
  }

  /** The scheduler answers a client. */
  answer(client: string, answer: Answer): void {
    const { kernel, scenario } = this.#world;
    const task = this.#world.truth(answer.taskId);
    if (client !== task.message.source) kernel.fail("value", `${answer.taskId} is answered to ${client}`);
    if (task.resolved !== undefined) {
      if (!task.resolved.startsWith("its ")) kernel.fail("value", `${answer.taskId} is answered twice`);
      return;
    }
    const what = answer.type === "result" ? `${answer.kind} ${answer.value}` : answer.answer;
    kernel.log("client <", answer.taskId, what);
    task.resolved = what;
    this.waiting -= 1;
    if (answer.type === "confirm") {
      if (!task.cancelled) kernel.fail("value", `${answer.taskId} is ${what} though nobody asked for that`);
    } else if (answer.value.startsWith("f:")) {
      if (!mayFail(task, scenario.core.maxRetries ?? 4))
        kernel.fail("value", `${task.kind} ${answer.taskId} is ${what}`);
      this.#checkReason(task, answer.value);
    } else {
      const kind = task.kind === "ok" ? "success" : "failed";
      if (answer.value !== resultOf(task) || answer.kind !== kind) kernel.fail("value", `${answer.taskId} is ${what}`);
    }
  }

  /** A failure says what happened, where one can tell. */
  #checkReason(task: TaskTruth, value: string): void {
    if (task.misfortunes > 0 || task.mayFail) return;
    const wanted = { oom: "f:MemoryError", hang: "f:TimeoutError", missing: "f:RuntimeError", eater: "f:MemoryError" };
    const expected = Object.hasOwn(wanted, task.kind) ? wanted[task.kind as keyof typeof wanted] : "f:WorkerDiedError";
    if (value === expected || value === "f:WorkerDiedError") return;
    this.#world.kernel.fail("value", `${task.kind} task fails with ${value}`);
  }

  #submit(client: Client): void {
    const { kernel, scheduler } = this.#world;
    if (scheduler === undefined) {
      kernel.after(1_000, () => this.#submit(client));
      return;
    }
    this.submitted += 1;
    this.#send(this.#draw(client), true);
  }

  #draw(client: Client): TaskTruth {
    const { kernel, scenario } = this.#world;
    return drawTask(kernel.random, {
      source: client.source,
      functionId: kernel.random.pick(client.functions),
      medianMs: scenario.medianMs,
      doomed: scenario.doomedShare,
    });
  }

  #send(task: TaskTruth, mayCancel: boolean): void {
    const { kernel, scheduler, scenario } = this.#world;
    this.#world.addTask(task);
    this.waiting += 1;
    kernel.log("client submits", task.message.taskId, task.kind);
    scheduler?.submit(task.message);
    if (!mayCancel || !kernel.random.chance(scenario.cancelShare)) return;
    kernel.after(kernel.random.spread(0.5, 30_000), () => {
      if (task.resolved !== undefined) return;
      task.cancelled = true;
      kernel.log("client cancels", task.message.taskId);
      this.#world.scheduler?.cancel(task.message.source, task.message.taskId, true);
    });
  }

  #giveUp(which: (task: TaskTruth) => boolean, why: string): void {
    for (const task of this.#world.tasks()) {
      if (task.resolved !== undefined || !which(task)) continue;
      task.resolved = why;
      this.waiting -= 1;
    }
  }

  #newClient(): Client {
    const { kernel, scenario } = this.#world;
    const functions = Array.from({ length: scenario.functions }, () => kernel.random.hex(16));
    return { source: kernel.random.hex(12), functions };
  }
}
