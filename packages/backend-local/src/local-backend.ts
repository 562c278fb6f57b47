import {
  type AbortOptions,
  AdapterError,
  type Backend,
  type BackendHint,
  type BackendHost,
  type BackendTraits,
  type ChildChange,
  type ChildRef,
  type Failure,
  type FailureKind,
  type JobName,
  type JobSpec,
  type LiveJob,
} from "@scaler-aws-hpc/adapter-core";
import type { OverKind, RunnerMessage } from "./control-message.ts";
import { ATTEMPT, type Ending, LocalJob } from "./local-job.ts";
import { RunnerPool, RunnerStartFailure } from "./runner-pool.ts";
import type { RunnerProcess } from "./runner-process.ts";

/** Settings of {@link LocalBackend}; the defaults are meant to stay. */
export interface LocalBackendOptions {
  /** How long an idle runner process beyond the first of its kind is kept, in milliseconds. @default 60_000 */
  readonly idleMs?: number;
  /** How long a runner may take to obey before it is killed, in milliseconds. @default 2_000 */
  readonly graceMs?: number;
  /** How long a runner may take to start, preload included, in milliseconds. @default 60_000 */
  readonly readyMs?: number;
  /** How many jobs are remembered after their end, so that a repeated submit or a late question is answered. @default 2_000 */
  readonly remembered?: number;
  /** Runners that this machine cannot run, and why. @default those without a command */
  readonly unusable?: ReadonlyMap<string, string>;
}

/** An inline bundle travels as base64 in one line of the control channel, which may have 1 MiB. */
const INLINE_BYTES = 64 * 1024;

const TRAITS: BackendTraits = {
  maxChildren: 1,
  inlineBytes: INLINE_BYTES,
  pushes: true,
  revokes: true,
  window: { quietMs: 2, maxMs: 40 },
  startMs: 3,
  pollMs: 1_000,
};

// A bundle that is not what was written would be read again just so; a store that failed may work next time.
const OVER_FAILURES: Readonly<Record<OverKind, FailureKind>> = {
  cancelled: "cancelled",
  corrupt: "definition",
  store: "host",
  exit: "exit",
};

/** Runs jobs in warm runner processes of this machine. They end with this process, however it ends, so no job outlives it. */
export class LocalBackend implements Backend {
  readonly traits: BackendTraits = TRAITS;
  readonly #host: BackendHost;
  readonly #graceMs: number;
  readonly #remembered: number;
  readonly #pool: RunnerPool;
  readonly #unusable: ReadonlyMap<string, string>;
  /** Live ones and, in order of their end, the last finished ones. */
  readonly #jobs = new Map<JobName, LocalJob>();
  readonly #live = new Set<LocalJob>();
  #listener: ((hint: BackendHint) => void) | undefined;
  #disposed = false;

  constructor(host: BackendHost, options: LocalBackendOptions = {}) {
    const { idleMs = 60_000, graceMs = 2_000, readyMs = 60_000, remembered = 2_000, unusable = new Map() } = options;
    this.#host = host;
    this.#graceMs = graceMs;
    this.#remembered = remembered;
    this.#unusable = unusable;
    const limits = { idleMs, graceMs, readyMs };
    this.#pool = new RunnerPool(host.runners, host.runnerOptions, limits, host.clock, host.log);
  }

  refuses(runner: string): string | undefined {
    if (this.#pool.knows(runner)) return this.#unusable.get(runner);
    return `the runner ${runner} cannot be run on this machine`;
  }

  watch(listener: (hint: BackendHint) => void): void {
    this.#listener = listener;
  }

  async submit(spec: JobSpec, options?: AbortOptions): Promise<void> {
    this.#check(options);
    if (this.#jobs.has(spec.name)) return;
    if (spec.children !== 1) {
      throw new AdapterError(
        "too-large",
        `job ${spec.name}: ${spec.children} children, the local backend runs 1 a job`,
      );
    }
    if (spec.payload.kind === "inline" && spec.payload.bundle.length > INLINE_BYTES) {
      const bytes = spec.payload.bundle.length;
      throw new AdapterError("too-large", `job ${spec.name}: ${bytes} bytes inline, limit ${INLINE_BYTES}`);
    }
    const refusal = this.refuses(spec.runner);
    if (refusal !== undefined) throw new AdapterError("rejected", `job ${spec.name}: ${refusal}`);
    const job = new LocalJob(spec);
    this.#jobs.set(spec.name, job);
    this.#live.add(job);
    void this.#run(job, spec);
  }

  async changes(jobs: readonly JobName[], options?: AbortOptions): Promise<readonly ChildChange[]> {
    this.#check(options);
    return jobs.flatMap((name): ChildChange[] => {
      const job = this.#jobs.get(name);
      if (!job) {
        const failure: Failure = { kind: "lost", reason: "no such job on this machine" };
        return [{ job: name, child: 0, state: "failed", attempt: ATTEMPT, failure }];
      }
      if (job.told || !job.change) return [];
      job.told = true;
      return [job.change];
    });
  }

  async cancel(children: readonly ChildRef[], reason: string, options?: AbortOptions): Promise<void> {
    this.#check(options);
    for (const { job: name, child } of children) {
      const job = this.#jobs.get(name);
      if (job && child === 0) this.#stop(job, { kind: "cancelled", reason });
    }
  }

  async revoke(child: ChildRef, tasks: readonly number[], options?: AbortOptions): Promise<void> {
    this.#check(options);
    const job = this.#jobs.get(child.job);
    // One that still starts has its runner in a moment; the message must follow `run`.
    if (job?.state === "starting") await this.#runnerOf(job, options);
    job?.runner?.send({ type: "revoke", job: child.job, child: child.child, tasks });
  }

  async list(options?: AbortOptions): Promise<readonly LiveJob[]> {
    this.#check(options);
    return [...this.#live].map((job) => ({ name: job.name, children: 1 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const failure: Failure = { kind: "cancelled", reason: "the local backend is closed" };
    for (const job of this.#live) job.stopping ??= failure;
    await this.#pool[Symbol.asyncDispose]();
    for (const job of [...this.#live]) this.#end(job, { ok: false, failure });
  }

  #check(options: AbortOptions | undefined): void {
    options?.signal?.throwIfAborted();
    if (this.#disposed) throw new AdapterError("unavailable", "the local backend is closed");
  }

  readonly #waiting = new Map<LocalJob, PromiseWithResolvers<void>>();

  #runnerOf(job: LocalJob, options?: AbortOptions): Promise<void> {
    const waiting = this.#waiting.get(job) ?? Promise.withResolvers<void>();
    this.#waiting.set(job, waiting);
    const signal = options?.signal;
    if (!signal) return waiting.promise;
    const aborted = Promise.withResolvers<void>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    return Promise.race([waiting.promise, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort));
  }

  async #run(job: LocalJob, spec: JobSpec): Promise<void> {
    let runner: RunnerProcess;
    try {
      runner = await this.#pool.acquire(spec.runner);
    } catch (reason) {
      const logTail = reason instanceof RunnerStartFailure ? reason.logTail : [];
      const text = reason instanceof Error ? reason.message : String(reason);
      this.#end(job, { ok: false, failure: { kind: "image", reason: text, logTail } });
      return;
    }
    if (job.state === "over") return this.#pool.release(runner);
    if (!runner.usable) {
      const { reason, logTail } = await runner.ended;
      this.#end(job, { ok: false, failure: { kind: "image", reason, logTail } });
      return;
    }
    runner.listener = {
      message: (message) => this.#hear(job, spec, runner, message),
      ended: ({ kind, reason, logTail, exitCode }) => {
        const failure = { kind, reason, logTail, ...(exitCode === undefined ? {} : { exitCode }) };
        this.#end(job, { ok: false, failure });
      },
    };
    this.#tell(job.run(runner));
    const { payload } = spec;
    runner.send({
      type: "run",
      job: spec.name,
      child: 0,
      attempt: ATTEMPT,
      secret: spec.secret,
      store: payload.store,
      bundle: payload.kind === "bundle" ? payload.key : null,
      inline: payload.kind === "inline" ? Buffer.from(payload.bundle).toString("base64url") : null,
      outPrefix: spec.outPrefix,
      manager: this.#host.managerId,
    });
    this.#settle(job);
    const limit: Failure = { kind: "timeout", reason: `the job ran longer than its limit of ${spec.childLimitMs} ms` };
    this.#later(job, spec.childLimitMs, () => this.#stop(job, limit));
  }

  #hear(job: LocalJob, spec: JobSpec, runner: RunnerProcess, message: RunnerMessage): void {
    if (message.type === "ready" || message.job !== job.name || message.child !== 0) return;
    if (message.type !== "over") {
      // A frame elsewhere would be read, and deleted, as another job's.
      if (message.type === "frame" && !message.key.startsWith(spec.outPrefix)) {
        runner.kill(`it reported the frame ${message.key.slice(0, 200)}, which is not its job's`);
      } else this.#hint(message);
      return;
    }
    this.#end(
      job,
      message.ok ? message : { ok: false, failure: { kind: OVER_FAILURES[message.kind], reason: message.reason } },
    );
    this.#pool.release(runner);
  }

  /** Asks for the end of a job; what does not obey is killed. */
  #stop(job: LocalJob, failure: Failure): void {
    if (job.state === "over" || job.stopping) return;
    job.stopping = failure;
    const { runner } = job;
    if (!runner) {
      this.#end(job, { ok: false, failure });
      return;
    }
    runner.send({ type: "cancel", job: job.name, child: 0 });
    this.#later(job, this.#graceMs, () => runner.kill(`it did not stop within ${this.#graceMs} ms`));
  }

  /** Does something unless the job is over by then. */
  #later(job: LocalJob, ms: number, act: () => void): void {
    this.#host.clock.sleep(ms, { signal: job.over.signal }).then(act, () => undefined);
  }

  #end(job: LocalJob, ending: Ending): void {
    const change = job.end(ending);
    if (!change) return;
    this.#live.delete(job);
    // To the end of the map: remembered ones are forgotten in order of their end.
    this.#jobs.delete(job.name);
    this.#jobs.set(job.name, job);
    this.#settle(job);
    this.#tell(change);
    if (this.#jobs.size - this.#live.size <= this.#remembered) return;
    for (const [name, old] of this.#jobs) {
      if (old.state !== "over") continue;
      this.#jobs.delete(name);
      break;
    }
  }

  #settle(job: LocalJob): void {
    this.#waiting.get(job)?.resolve();
    this.#waiting.delete(job);
  }

  #tell(change: ChildChange): void {
    this.#hint({ type: "changed", changes: [change] });
  }

  #hint(hint: BackendHint): void {
    this.#listener?.(hint);
  }
}
