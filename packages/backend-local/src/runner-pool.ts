import type { Clock, Log, RunnerCommandOptions, RunnerRecord } from "@scaler-aws-hpc/adapter-core";
import { type RunnerEnd, RunnerProcess } from "./runner-process.ts";

/** What {@link RunnerPool} waits for, in milliseconds. */
export interface RunnerPoolLimits {
  /** For a new process to be ready. */
  readonly readyMs: number;
  /** How long an idle process beyond the first of its kind is kept. */
  readonly idleMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

/** Thrown by {@link RunnerPool.acquire}: the runner could not be started. */
export class RunnerStartFailure extends Error {
  override readonly name = "RunnerStartFailure";
  readonly logTail: readonly string[];

  constructor(reason: string, logTail: readonly string[], options?: ErrorOptions) {
    super(reason, options);
    this.logTail = logTail;
  }
}

/** Runner processes that are kept warm between jobs: started when needed, used again, ended when there are more than are needed. */
export class RunnerPool implements AsyncDisposable {
  readonly #records: ReadonlyMap<string, RunnerRecord>;
  readonly #options: RunnerCommandOptions;
  readonly #limits: RunnerPoolLimits;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #all = new Set<RunnerProcess>();
  /** Idle ones by kind, the last used at the end: it is used next, so that the others grow old. */
  readonly #idle = new Map<string, { readonly runner: RunnerProcess; readonly since: number }[]>();
  readonly #stop = new AbortController();
  #sweeping = false;
  #disposed: Promise<void> | undefined;

  constructor(
    records: readonly RunnerRecord[],
    options: RunnerCommandOptions,
    limits: RunnerPoolLimits,
    clock: Clock,
    log: Log,
  ) {
    this.#records = new Map(records.map((record) => [record.name, record]));
    this.#options = options;
    this.#limits = limits;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether a runner of this name can be started on this machine. */
  knows(kind: string): boolean {
    return this.#records.get(kind)?.command !== undefined;
  }

  /** A ready process that nobody else uses. @throws {RunnerStartFailure} */
  async acquire(kind: string): Promise<RunnerProcess> {
    const idle = this.#idle.get(kind);
    for (let entry = idle?.pop(); entry; entry = idle?.pop()) if (entry.runner.usable) return entry.runner;
    const runner = this.#start(kind);
    const late = new AbortController();
    void this.#clock.sleep(this.#limits.readyMs, { signal: late.signal }).then(
      () => runner.kill(`it was not ready within ${this.#limits.readyMs} ms`),
      () => undefined,
    );
    const outcome: "ready" | RunnerEnd = await runner.ready;
    late.abort();
    if (outcome === "ready") return runner;
    throw new RunnerStartFailure(outcome.reason, outcome.logTail);
  }

  /** Gives back a process that {@link acquire} gave. */
  release(runner: RunnerProcess): void {
    runner.listener = undefined;
    if (!runner.usable || this.#disposed) return;
    const idle = this.#idle.get(runner.kind) ?? [];
    idle.push({ runner, since: this.#clock.now() });
    this.#idle.set(runner.kind, idle);
    if (idle.length > 1) void this.#sweep();
  }

  /** Ends every process; resolves when all are gone. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#endAll();
    return this.#disposed;
  }

  #start(kind: string): RunnerProcess {
    const command = this.#records.get(kind)?.command;
    if (!command || this.#disposed) throw new RunnerStartFailure(`the runner ${kind} cannot be started here now`, []);
    let runner: RunnerProcess;
    try {
      runner = new RunnerProcess(kind, command(this.#options), this.#clock, this.#log);
    } catch (cause) {
      throw new RunnerStartFailure(cause instanceof Error ? cause.message : String(cause), [], { cause });
    }
    this.#all.add(runner);
    void runner.ended.then((end) => {
      this.#all.delete(runner);
      this.#log.debug("runner ended", { runner: kind, pid: runner.pid, reason: end.reason });
    });
    return runner;
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { idleMs } = this.#limits;
    try {
      while ([...this.#idle.values()].some((idle) => idle.length > 1)) {
        await this.#clock.sleep(idleMs / 4, { signal: this.#stop.signal });
        for (const idle of this.#idle.values()) {
          while (idle.length > 1 && idle[0] && this.#clock.now() - idle[0].since >= idleMs)
            idle.shift()?.runner.terminate();
        }
      }
    } catch {
      // Disposed.
    } finally {
      this.#sweeping = false;
    }
  }

  async #endAll(): Promise<void> {
    this.#stop.abort();
    const runners = [...this.#all];
    const calm = new AbortController();
    for (const runner of runners) runner.terminate();
    const late = this.#clock.sleep(this.#limits.graceMs, { signal: calm.signal }).then(
      () => {
        for (const runner of runners) runner.kill("it did not end in time");
      },
      () => undefined,
    );
    await Promise.all(runners.map((runner) => runner.ended));
    calm.abort();
    await late;
  }
}
