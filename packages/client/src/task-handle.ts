import type { ProfileResult } from "@scaler-aws-hpc/scaler-protocol";
import type { TaskRun, TaskState } from "./session/task-run.ts";

/**
 * A submitted task: await it for its result. A failure that nobody awaits is not reported and does not end the process.
 * @typeParam Result what the task returns, or resolves to
 */
export class TaskHandle<Result> implements Promise<Result> {
  /** Task id on the wire: 32 lower-case hex digits. */
  readonly id: string;
  readonly [Symbol.toStringTag] = "TaskHandle";
  readonly #run: TaskRun;

  /** For the client: see `Client.submit`. */
  constructor(run: TaskRun) {
    this.id = run.id;
    this.#run = run;
  }

  /** Where the task is now. */
  get state(): TaskState {
    return this.#run.state;
  }

  /** What the task used, once it has ended and if `profile` was asked for and the worker says it. */
  get profile(): ProfileResult | undefined {
    return this.#run.profile;
  }

  /**
   * Has the task ended, also while it runs. Resolves once that is confirmed: with true where it was cancelled (the handle then rejects with `canceled`),
   * with false where it had ended before.
   */
  async cancel(): Promise<boolean> {
    return await this.#run.cancel();
  }

  // biome-ignore lint/suspicious/noThenProperty: a handle is awaited like the promise that it is
  then<Kept = Result, Mended = never>(
    onFulfilled?: ((value: Result) => Kept | PromiseLike<Kept>) | null,
    onRejected?: ((reason: unknown) => Mended | PromiseLike<Mended>) | null,
  ): Promise<Kept | Mended> {
    return (this.#run.result as Promise<Result>).then(onFulfilled, onRejected);
  }

  catch<Mended = never>(
    onRejected?: ((reason: unknown) => Mended | PromiseLike<Mended>) | null,
  ): Promise<Result | Mended> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Result> {
    return (this.#run.result as Promise<Result>).finally(onFinally);
  }
}
