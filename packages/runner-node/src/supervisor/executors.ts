import { ExecutorProcess } from "./executor-process.ts";
import { adoptExecutor, spawnExecutor } from "./executor-start.ts";
import { type MemoryLimits, memoryLimits } from "./memory-limits.ts";

/** How long the end of a pack may come behind its last result, in milliseconds. */
const END_MS = 50;

/** Starts executors, and keeps one warm: for the next pack of the same client, or for whoever comes first. */
export class Executors {
  readonly #file: string;
  #found: MemoryLimits | undefined;
  readonly #all = new Set<ExecutorProcess>();
  #begun = false;
  #idle: ExecutorProcess | undefined;
  #first: ExecutorProcess | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Looked for when they are needed first: not before a job has begun. */
  readonly #limits = (): MemoryLimits => {
    this.#found ??= memoryLimits();
    return this.#found;
  };

  /** The one that runs the only job of this process by itself. */
  get first(): ExecutorProcess | undefined {
    return this.#first;
  }

  /** Starts an executor for the one job that the parameters describe, unless a launcher has done so. */
  begin(parameters: readonly string[]): void {
    const started = adoptExecutor(false) ?? spawnExecutor(this.#file, this.#limits(), parameters);
    this.#first = this.#kept(new ExecutorProcess(started, this.#limits, false));
  }

  /** Starts one before it is needed. */
  warm(): void {
    if (this.#idle?.alive !== true) this.#idle = this.#spawn();
  }

  /** One for tasks of a client. One that ran another client's, or anything where it must be fresh, ends. */
  take(client: string, fresh: boolean): ExecutorProcess {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.alive === true) {
      const foreign = idle.client !== undefined && idle.client !== client;
      if (!foreign && !(fresh && idle.used)) return claimed(idle, client);
      idle.end({ kind: "exit", reason: "another client's tasks came" });
    }
    return claimed(this.#spawn(), client);
  }

  /** Gives one back after its pack. One that does not say that this is over may still begin a task of it: it ends. */
  async give(executor: ExecutorProcess): Promise<void> {
    const over = await executor.isIdle(END_MS);
    if (over && executor.alive && this.#idle === undefined) this.#idle = executor;
    else executor.end({ kind: "exit", reason: "the child is over" });
  }

  /** Ends them all. */
  close(): void {
    for (const executor of this.#all) executor.end({ kind: "exit", reason: "the runner ends" });
  }

  #spawn(): ExecutorProcess {
    // A launcher started one, the first.
    const started = (this.#begun ? undefined : adoptExecutor(true)) ?? spawnExecutor(this.#file, this.#limits(), []);
    return this.#kept(new ExecutorProcess(started, this.#limits, true));
  }

  #kept(executor: ExecutorProcess): ExecutorProcess {
    this.#begun = true;
    for (const one of this.#all) if (!one.alive) this.#all.delete(one);
    this.#all.add(executor);
    return executor;
  }
}

function claimed(executor: ExecutorProcess, client: string): ExecutorProcess {
  executor.client = client;
  return executor;
}
