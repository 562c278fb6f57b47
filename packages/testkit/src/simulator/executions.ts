import type { ProfileSpec } from "@scaler-aws-hpc/adapter-core";
import type { FakeChild } from "./fake-child.ts";
import type { Kernel } from "./kernel.ts";
import type { TaskTruth } from "./task-truth.ts";

/** What runs: no more children than slots, no task twice at once, and no more second runs than there are reasons for. */
export class Executions {
  readonly #kernel: Kernel;
  readonly #profiles: readonly ProfileSpec[];
  readonly #maxRetries: number;
  readonly #live = new Map<string, number>();
  readonly #retries = new Map<number, number>();

  constructor(kernel: Kernel, profiles: readonly ProfileSpec[], maxRetries: number) {
    this.#kernel = kernel;
    this.#profiles = profiles;
    this.#maxRetries = maxRetries;
  }

  /** Something that is not its own happened to a task: the manager may try once more. */
  mishap(shell: number, task: TaskTruth): void {
    task.misfortunes += 1;
    this.mayRetry(shell);
  }

  /** An attempt of a child was lost with what it had not finished. One budget holds for the attempts that the backend repeats and those of the manager. */
  attemptLost(task: TaskTruth): void {
    task.lostAttempts += 1;
    if (task.lostAttempts > 1 + this.#maxRetries) {
      this.#kernel.fail("I5", `${task.message.taskId} lost ${task.lostAttempts} attempts, more than it may have`);
    }
  }

  /** Something happened after which a manager process may run a task once more. */
  mayRetry(shell: number): void {
    this.#retries.set(shell, this.retriesOf(shell) + 1);
  }

  /** How often a manager process had a reason to run a task once more. */
  retriesOf(shell: number): number {
    return this.#retries.get(shell) ?? 0;
  }

  /** A task begins to run in a child. */
  executionStarts(task: TaskTruth, child: FakeChild): void {
    const other = task.running;
    if (other !== undefined && task.seats.some((seat) => seat.child === other && seat.open)) {
      const where = `${other.job}.${other.index}`;
      this.#kernel.fail("I5", `${task.message.taskId} runs in ${child.job}.${child.index} and in ${where} at once`);
    }
    task.running = child;
  }

  /** A child takes up a slot. */
  childBegins(child: FakeChild): void {
    const live = (this.#live.get(child.profile) ?? 0) + 1;
    this.#live.set(child.profile, live);
    const { slots, ahead = 0 } = this.#profiles.find(({ name }) => name === child.profile) ?? { slots: 0 };
    if (live > slots + ahead) this.#kernel.fail("I8", `${live} live children in ${slots} slots and ${ahead} ahead`);
    this.#kernel.log("child begins", `${child.job}.${child.index}`, live);
  }

  /** A child gives its slot back. */
  childEnds(child: FakeChild): void {
    this.#live.set(child.profile, (this.#live.get(child.profile) ?? 0) - 1);
    this.#kernel.log("child ends", `${child.job}.${child.index}`);
  }

  /** Live children of one profile or of all, whichever manager process submitted them. */
  live(profile?: string): number {
    let live = 0;
    for (const { name } of this.#profiles) {
      if (profile === undefined || profile === name) live += this.#live.get(name) ?? 0;
    }
    return live;
  }
}
