import { isRunnerError } from "../runner-error.ts";
import type { Store } from "../store/store.ts";
import type { ExecutorMessage, TaskDone } from "../threads/messages.ts";
import { monotonicMs } from "../threads/shared-state.ts";
import type { EndCause, ExecutorThread, ThreadEnd } from "./executor-thread.ts";
import type { Executors } from "./executors.ts";
import type { Job } from "./job.ts";
import { type LoadedPack, loadPack } from "./load-pack.ts";
import { Results } from "./results.ts";

/** How a child ended, in the words of the protocol. */
export type Ending =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: "cancelled" | "corrupt" | "store" | "exit"; readonly reason: string };

/** What a child's task does, for monitors. */
export interface Progress {
  /** Index of the running task, `null` between two. */
  readonly task: number | null;
  readonly taskAgeMs: number;
}

/** What a {@link ChildRun} tells while it runs. */
export interface ChildListener {
  frame(key: string, results: number): void;
  /** At the beginning of a task that takes longer, then each second. */
  progress(progress: Progress): void;
}

/** Options of {@link ChildRun}. */
export interface ChildRunOptions {
  readonly job: Job;
  readonly store: Store;
  readonly executors: Executors;
  readonly listener: ChildListener;
  /** A runner that cannot start tasks says so by its end, not by handing them back: they would be sent again for ever. */
  readonly alone: boolean;
}

/** How often a running pack is looked at, in milliseconds: for deadlines, memory and monitors. */
const LOOK_MS = 25;
const FIRST_PROGRESS_MS = 200;
const PROGRESS_MS = 1_000;
/** A thread that ends so often before it begins a task is not tried again. */
const MAX_IDLE_DEATHS = 3;

/**
 * Runs the pack of one child: loads it, gives it to a thread, watches over the thread, replaces it when it ends, and stores what comes. The state of
 * a task is whether it is answered: by a result, by a death with its cause, or handed back at the end.
 */
export class ChildRun {
  readonly #options: ChildRunOptions;
  readonly #ended = Promise.withResolvers<Ending>();
  #pack: LoadedPack | undefined;
  #results: Results | undefined;
  #thread: ExecutorThread | undefined;
  #skip: Uint8Array = new Uint8Array(new SharedArrayBuffer(0));
  #done: boolean[] = [];
  #remaining = 0;
  #firstStartMs: number | undefined;
  #idleDeaths = 0;
  #timer: NodeJS.Timeout | undefined;
  #progressAt = 0;
  #reported = -1;
  /** The end was decided: nothing more is started or answered. */
  #closing = false;
  #handedBack = 0;
  /** The task that ran longer than its limit when its thread was ended. */
  #late: number | undefined;
  #storeFailure: Ending | undefined;

  constructor(options: ChildRunOptions) {
    this.#options = options;
  }

  /** Tasks that were handed back. */
  get handedBack(): number {
    return this.#handedBack;
  }

  /** Runs the child to its end. Called once. */
  async run(): Promise<Ending> {
    const { job, store, listener } = this.#options;
    let pack: LoadedPack;
    try {
      pack = await loadPack(job, store);
    } catch (reason) {
      return endingOf(reason);
    }
    if (this.#closing) return await this.#ended.promise;
    const { tasks, flushMs, flushBytes } = pack.section;
    const onFailure = (reason: unknown): void => this.#onStoreFailure(reason);
    this.#results = new Results({ job, store, flushMs, flushBytes, onFrame: listener.frame, onFailure });
    this.#pack = pack;
    this.#done = tasks.map(() => false);
    this.#remaining = tasks.length;
    this.#skip = new Uint8Array(new SharedArrayBuffer(tasks.length));
    this.#progressAt = monotonicMs() + PROGRESS_MS;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    if (tasks.length === 0) this.#finish([], { ok: true });
    else this.#assign();
    return await this.#ended.promise;
  }

  /** These tasks are unwanted: a running one is ended, one that has not begun is skipped. */
  revoke(tasks: readonly number[]): void {
    const wanted = tasks.filter((task) => this.#done[task] === false);
    for (const task of wanted) Atomics.store(this.#skip, task, 1);
    const running = this.#thread?.state.running?.task;
    for (const task of wanted) {
      if (task !== running)
        this.#died(task, { kind: "revoked", reason: "the task was cancelled before it started", first: false });
    }
    if (running !== undefined && wanted.includes(running)) {
      this.#thread?.end({ kind: "revoked", reason: "the task was cancelled while it ran" });
    } else this.#checkOver();
  }

  /** Ends the child now: what is finished is stored, what has not begun is handed back. */
  stop(kind: "cancelled" | "exit", reason: string): void {
    if (this.#closing) return;
    const ending: Ending = { ok: false, kind, reason };
    if (this.#pack === undefined) {
      this.#closing = true;
      this.#ended.resolve(ending);
      return;
    }
    // Nothing more begins; what the thread has said already is heard first.
    this.#skip.fill(1);
    setImmediate(() => this.#finish(this.#rest(this.#thread?.state.running?.task), ending));
  }

  #assign(): void {
    const pack = this.#pack;
    if (pack === undefined) return;
    const { client, fresh, packBudgetMs } = pack.section;
    const thread = this.#options.executors.take(client, fresh);
    this.#thread = thread;
    thread.listener = {
      message: (message) => this.#hear(message, thread),
      ended: (end) => this.#bury(end, thread),
    };
    thread.run({
      ...{ objects: pack.objects, serializer: pack.serializer, tasks: pack.tasks },
      todo: this.#rest(),
      budgetMs: packBudgetMs,
      firstStartMs: this.#firstStartMs,
      skip: this.#skip.buffer as SharedArrayBuffer,
    });
  }

  #hear(message: ExecutorMessage, thread: ExecutorThread): void {
    if (this.#closing) return;
    if (message.type === "spent") {
      this.#finish(this.#rest(), { ok: true });
      return;
    }
    this.#finished(message, thread);
    this.#checkOver();
  }

  #finished(done: TaskDone, thread: ExecutorThread): void {
    // Revoked meanwhile, and answered so.
    if (this.#done[done.task] !== false) return;
    this.#idleDeaths = 0;
    this.#firstStartMs ??= done.startMs;
    this.#settle(done.task);
    this.#results?.done(this.#idOf(done.task), thread.startedMs, done);
  }

  /** The thread ended: by itself, by a task, or because we ended it. */
  #bury(end: ThreadEnd, thread: ExecutorThread): void {
    if (this.#thread === thread) this.#thread = undefined;
    if (this.#closing) return;
    this.#firstStartMs ??= thread.state.firstStartMs;
    const { task, cause, first } = end;
    const guilty = task !== undefined && this.#done[task] === false;
    // A task that began just when another one was to be ended is run again.
    const ours = cause.kind === "timeout" || cause.kind === "revoked";
    if (guilty && !(ours && !this.#wasMeant(task, cause.kind))) this.#died(task, { ...cause, first }, end);
    else if (task === undefined && !thread.used) this.#idleDeaths += 1;
    if (this.#idleDeaths >= MAX_IDLE_DEATHS) {
      const reason = `no task can be started: ${cause.reason}`;
      this.#finish(this.#options.alone ? [] : this.#rest(), { ok: false, kind: "exit", reason });
    } else if (this.#remaining > 0) this.#assign();
    else this.#checkOver();
  }

  #wasMeant(task: number, kind: string): boolean {
    return kind === "revoked" ? this.#skip[task] === 1 : task === this.#late;
  }

  #died(task: number, cause: EndCause & { readonly first: boolean }, end?: ThreadEnd): void {
    this.#settle(task);
    this.#results?.died(task, this.#idOf(task), cause, end);
  }

  #settle(task: number): void {
    this.#done[task] = true;
    this.#remaining -= 1;
  }

  #idOf(task: number): string {
    return this.#pack?.section.tasks[task]?.id ?? "";
  }

  #rest(but?: number): number[] {
    return this.#done.flatMap((done, task) => (done || task === but ? [] : [task]));
  }

  #look(): void {
    const thread = this.#thread;
    const limitMs = this.#pack?.section.taskLimitMs ?? 0;
    if (thread === undefined || this.#closing) return;
    const now = monotonicMs();
    const running = thread.state.running;
    const ageMs = running === undefined ? 0 : now - running.startMs;
    if (running !== undefined && limitMs > 0 && ageMs >= limitMs) {
      this.#late = running.task;
      thread.end({ kind: "timeout", reason: `the task ran longer than its limit of ${limitMs / 1_000} s` });
    } else if (running !== undefined) thread.memory.look();
    const long = running !== undefined && running.task !== this.#reported && ageMs >= FIRST_PROGRESS_MS;
    if (!long && now < this.#progressAt) return;
    this.#progressAt = now + PROGRESS_MS;
    this.#reported = running?.task ?? -1;
    this.#options.listener.progress({ task: running?.task ?? null, taskAgeMs: Math.floor(ageMs) });
  }

  #checkOver(): void {
    if (this.#pack !== undefined && this.#remaining === 0) this.#finish([], { ok: true });
  }

  /** Stores the last frame, then says how the child ended. */
  #finish(notStarted: readonly number[], ending: Ending): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#handedBack = notStarted.length;
    clearInterval(this.#timer);
    this.#letGo(ending.ok);
    // Without a last frame where the exit code is to tell it.
    const silent = !ending.ok && notStarted.length === 0 && this.#remaining > 0;
    const stored = silent ? this.#results?.settle() : this.#results?.finish(notStarted);
    void stored?.then(() => this.#ended.resolve(this.#storeFailure ?? ending));
  }

  #onStoreFailure(reason: unknown): void {
    this.#storeFailure = endingOf(reason);
    this.#finish([], this.#storeFailure);
  }

  /** The thread goes back to those that wait for work, or ends with what it does. */
  #letGo(ok: boolean): void {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined) return;
    if (ok && thread.state.running === undefined) {
      this.#options.executors.give(thread);
      return;
    }
    thread.listener = undefined;
    thread.end({ kind: "exit", reason: "the child is over" });
  }
}

/** What a child ends with that cannot be begun, or not be stored. */
export function endingOf(reason: unknown): Ending {
  const text = reason instanceof Error ? reason.message : String(reason);
  const code = isRunnerError(reason) ? reason.code : undefined;
  return { ok: false, kind: code === "corrupt" || code === "store" ? code : "exit", reason: text };
}
