import { encodeValue } from "./format/value-object.ts";
import { type MapOptions, MapRun } from "./map-run.ts";
import { ObjectRef } from "./object-ref.ts";
import type { Outside } from "./outside/outside.ts";
import type { Session } from "./session/session.ts";
import type { RequestArgument } from "./session/task-request.ts";
import type { TaskRun } from "./session/task-run.ts";
import type { Task } from "./task/task.ts";
import { TaskHandle } from "./task-handle.ts";
import {
  type Argument,
  type ArgumentsOf,
  type CheckedOptions,
  checkedOptions,
  type TaskOptions,
} from "./task-options.ts";

/** A task that was submitted, and what its arguments weigh. */
export interface Submitted {
  readonly run: TaskRun;
  readonly byteLength: number;
}

/** Submits tasks with the options that `Client.with` was given. */
export class Submitter {
  readonly #session: Session;
  readonly #prepare: Outside["prepare"];
  readonly #options: TaskOptions;
  readonly #base: Readonly<Record<string, number>>;
  readonly #checked: CheckedOptions;

  /** For the client. @throws {ClientError} `config` */
  constructor(
    session: Session,
    prepare: Outside["prepare"],
    options: TaskOptions,
    base: Readonly<Record<string, number>>,
  ) {
    this.#session = session;
    this.#prepare = prepare;
    this.#options = options;
    this.#base = base;
    this.#checked = checkedOptions(options, base);
  }

  /** The same with further options; those given here win. @throws {ClientError} `config` */
  with(options: TaskOptions): Submitter {
    return new Submitter(this.#session, this.#prepare, { ...this.#options, ...options }, this.#base);
  }

  /**
   * Submits one task. Arguments are encoded before this returns, so later changes to them are not seen.
   *
   * @throws {ClientError} at once: `uncloneable` with the path to the value, `config` for what is no task, `closed`, `disconnected`.
   *   The handle rejects with what the task threw, or with a {@link ClientError}: `task`, `bundle`, `canceled`, `timeout`, `memory`,
   *   `worker-died`, `no-runner`, `disconnected`, ... The signal's reason.
   */
  submit<Args extends readonly unknown[], Result>(
    task: Task<Args, Result>,
    ...args: ArgumentsOf<Args>
  ): TaskHandle<Awaited<Result>> {
    return new TaskHandle(this.start(task, args).run);
  }

  /**
   * Submits a task for each input, so many at once, and yields the results. Inputs are pulled only as there is room, so
   * they may be endless. Nothing is submitted before the run is iterated, or its `toArray` or `settled` called.
   */
  map<Input, Rest extends readonly unknown[], Result>(
    task: Task<[Input, ...Rest], Result>,
    inputs: Iterable<Argument<Input>> | AsyncIterable<Argument<Input>>,
    options: MapOptions<Rest> = {} as MapOptions<Rest>,
  ): MapRun<Argument<Input>, Awaited<Result>> {
    const { args, concurrency, ordered, maxInFlightBytes, onProgress, ...taskOptions } = options;
    const submitter = this.with(taskOptions);
    const rest: readonly unknown[] = args ?? [];
    return new MapRun({
      inputs,
      start: (input) => submitter.start(task, [input, ...rest]),
      signal: submitter.#checked.signal,
      ...{ concurrency, ordered, maxInFlightBytes, onProgress },
    });
  }

  /** For {@link MapRun}. */
  start(task: Task<never[], unknown>, args: readonly unknown[]): Submitted {
    const { signal, ...options } = this.#checked;
    signal?.throwIfAborted();
    this.#session.assertOpen();
    const prepared = this.#prepare(task);
    prepared.catch(() => undefined); // its handle tells
    const encoded = args.map((argument, index) => this.#argument(argument, index));
    const run = this.#session.submit({ prepared, args: encoded, ...options });
    if (signal !== undefined) cancelWith(run, signal);
    return { run, byteLength: encoded.reduce((sum, arg) => sum + ("bytes" in arg ? arg.bytes.byteLength : 0), 0) };
  }

  #argument(argument: unknown, index: number): RequestArgument {
    const what = `arguments[${index}]`;
    if (argument instanceof ObjectRef) return { object: argument.objectFor(this.#session, what) };
    return { bytes: encodeValue(argument, what) };
  }
}

function cancelWith(run: TaskRun, signal: AbortSignal): void {
  const onAbort = (): void => void run.cancel({ reason: signal.reason });
  signal.addEventListener("abort", onAbort, { once: true });
  const done = (): void => signal.removeEventListener("abort", onAbort);
  run.result.then(done, done);
}
