import type { Job } from "../job/job.ts";
import { type LoadedPack, loadPack } from "../job/load-pack.ts";
import { monotonicMs } from "../messages/clock.ts";
import { type PackRules, rulesOf } from "../messages/pack.ts";
import type { Store } from "../store/store.ts";
import { type Ending, endingBy, endingOf } from "./ending.ts";
import type { EndCause, ExecutorEnd, ExecutorMessage, ExecutorProcess } from "./executor-process.ts";
import type { Executors } from "./executors.ts";
import { Results } from "./results.ts";

/** What a child's task does, for monitors. */
export interface Progress {
  /** Index of the running task, `null` between two. */
  readonly task: number | null;
  readonly taskAgeMs: number;
  /** Of the executor. */
  readonly pid: number;
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
  /** Loads and runs this child already, by itself. */
  readonly begun?: ExecutorProcess;
  readonly listener: ChildListener;
  /** The process is for this child alone: where no task can be started it says so by its end, not by handing them back, which would be sent again for ever. */
  readonly alone: boolean;
}

/** How often a running pack is looked at, in milliseconds: for deadlines, memory and monitors. */
const LOOK_MS = 25;
const FIRST_PROGRESS_MS = 200;
const PROGRESS_MS = 1_000;
/** Executors that end before they begin a task, so many of them, are enough. */
const MAX_IDLE_DEATHS = 3;

const NO_OUTPUT = { out: new Uint8Array(0), err: new Uint8Array(0) };

/**
 * Runs the pack of one child: gives it to an executor, watches over that, replaces it when it ends, and stores what comes. The state of a task is
 * whether it is answered: by a result, by a death with its cause, or handed back at the end.
 */
export class ChildRun {
  readonly #options: ChildRunOptions;
  readonly #ended = Promise.withResolvers<Ending>();
  #rules: PackRules | undefined;
  /** With its objects; not where the first executor loaded it and still lives. */
  #pack: LoadedPack | undefined;
  #results: Results | undefined;
  #executor: ExecutorProcess | undefined;
  readonly #unwanted = new Set<number>();
  #done: boolean[] = [];
  #remaining = 0;
  #firstStartMs: number | undefined;
  #idleDeaths = 0;
  #timer: NodeJS.Timeout | undefined;
  #progressAt = 0;
  #reported = -1;
  /** The end was decided: nothing more is started or answered. */
  #closing = false;
  /** How the child ends when its executor has. */
  #stopping: Ending | undefined;
  #handedBack = 0;
  /** The task that ran longer than its limit when its executor was ended. */
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
    const { begun } = this.#options;
    if (begun === undefined) void this.#load();
    else this.#watch(begun);
    return await this.#ended.promise;
  }

  /** These tasks are unwanted: a running one is ended, one that has not begun is skipped. */
  revoke(tasks: readonly number[]): void {
    const wanted = tasks.filter((task) => this.#done[task] === false);
    const running = this.#executor?.running?.task;
    for (const task of wanted) {
      this.#unwanted.add(task);
      if (task !== running)
        this.#died(task, { kind: "revoked", reason: "the task was cancelled before it started", first: false });
    }
    if (running !== undefined && wanted.includes(running)) {
      this.#executor?.end({ kind: "revoked", reason: "the task was cancelled while it ran" });
    } else {
      this.#executor?.skip(wanted);
      this.#checkOver();
    }
  }

  /** Ends the child now: what is finished is stored, what has not begun is handed back. */
  stop(kind: "cancelled" | "exit", reason: string): void {
    if (this.#closing) return;
    const ending: Ending = { ok: false, kind, reason };
    if (this.#rules === undefined) this.#refuse(ending);
    else if (this.#executor === undefined) this.#finish(this.#rest(), ending);
    else {
      // What it said before its end is heard first: a task that is handed back has not begun.
      this.#stopping = ending;
      this.#executor.end({ kind: "exit", reason });
    }
  }

  /** Reads the pack, and gives it to an executor. */
  async #load(): Promise<void> {
    const { job, store } = this.#options;
    try {
      this.#pack = await loadPack(job, store);
    } catch (reason) {
      this.#refuse(endingOf(reason));
      return;
    }
    if (this.#closing) return;
    this.#open(rulesOf(this.#pack.section));
    this.#assign();
  }

  /** The child cannot be begun. */
  #refuse(ending: Ending): void {
    if (this.#rules !== undefined) {
      this.#finish([], ending);
      return;
    }
    this.#closing = true;
    this.#ended.resolve(ending);
  }

  /** It is known what there is to run. */
  #open(rules: PackRules): void {
    if (this.#rules !== undefined) return;
    const { job, store, listener } = this.#options;
    const { ids, flushMs, flushBytes } = rules;
    const onFailure = (reason: unknown): void => this.#onStoreFailure(reason);
    this.#rules = rules;
    this.#results = new Results({ job, store, flushMs, flushBytes, onFrame: listener.frame, onFailure });
    this.#done = ids.map(() => false);
    this.#remaining = ids.length;
    this.#progressAt = monotonicMs() + PROGRESS_MS;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#checkOver();
  }

  #assign(): void {
    if (this.#closing) return;
    const { section, objects, tasks } = this.#pack ?? {};
    if (section === undefined || objects === undefined || tasks === undefined) {
      void this.#load();
      return;
    }
    const executor = this.#options.executors.take(section.client, section.fresh);
    this.#watch(executor);
    const todo = this.#rest();
    executor.run({ objects, tasks, todo, budgetMs: section.packBudgetMs, firstStartMs: this.#firstStartMs });
  }

  #watch(executor: ExecutorProcess): void {
    this.#executor = executor;
    executor.listener = {
      message: (message) => this.#hear(message, executor),
      ended: (end) => this.#bury(end, executor),
    };
  }

  #hear(message: ExecutorMessage, executor: ExecutorProcess): void {
    if (this.#closing) return;
    switch (message.type) {
      case "loaded":
        this.#open(message.rules);
        break;
      case "refused":
        this.#refuse(endingBy(message.refusal.code, message.refusal.reason));
        break;
      case "begin":
        this.#firstStartMs ??= message.startMs;
        // It did not hear of that in time.
        if (this.#unwanted.has(message.task)) executor.end({ kind: "revoked", reason: "the task was cancelled" });
        break;
      case "done":
        this.#finished(message, executor);
        this.#checkOver();
        break;
      case "end":
        // Its time is over: what has not begun is handed back.
        if (this.#remaining > 0) this.#finish(this.#rest(), { ok: true });
    }
  }

  #finished(done: Extract<ExecutorMessage, { type: "done" }>, executor: ExecutorProcess): void {
    // Revoked meanwhile, and answered so.
    if (this.#done[done.task] !== false) return;
    this.#idleDeaths = 0;
    this.#settle(done.task);
    this.#results?.done(this.#idOf(done.task), executor.startedMs, done, done.stream ? executor.output : NO_OUTPUT);
  }

  /** The executor ended: by itself, by a task, or because we ended it. */
  #bury(end: ExecutorEnd, executor: ExecutorProcess): void {
    if (this.#executor === executor) this.#executor = undefined;
    if (this.#closing) return;
    const { task, cause, first } = end;
    if (this.#stopping !== undefined) {
      this.#finish(this.#rest(task), this.#stopping);
      return;
    }
    const guilty = task !== undefined && this.#done[task] === false;
    // A task that began just when another one was to be ended is run again.
    const ours = cause.kind === "timeout" || cause.kind === "revoked";
    if (guilty && !(ours && !this.#wasMeant(task, cause.kind))) this.#died(task, { ...cause, first }, end);
    else if (task === undefined && !executor.used) this.#idleDeaths += 1;
    if (this.#idleDeaths >= MAX_IDLE_DEATHS) {
      const reason = `no task can be started: ${cause.reason}`;
      this.#finish(this.#options.alone ? [] : this.#rest(), { ok: false, kind: "exit", reason });
    } else if (this.#remaining > 0 || this.#rules === undefined) this.#assign();
    else this.#checkOver();
  }

  #wasMeant(task: number, kind: string): boolean {
    return kind === "revoked" ? this.#unwanted.has(task) : task === this.#late;
  }

  #died(task: number, cause: EndCause & { readonly first: boolean }, end?: ExecutorEnd): void {
    this.#settle(task);
    this.#results?.died(task, this.#idOf(task), cause, end);
  }

  #settle(task: number): void {
    this.#done[task] = true;
    this.#remaining -= 1;
  }

  #idOf(task: number): string {
    return this.#rules?.ids[task] ?? "";
  }

  #rest(but?: number): number[] {
    return this.#done.flatMap((done, task) => (done || task === but ? [] : [task]));
  }

  #look(): void {
    const executor = this.#executor;
    const limitMs = this.#rules?.taskLimitMs ?? 0;
    if (executor === undefined || this.#closing) return;
    const now = monotonicMs();
    const { running } = executor;
    const ageMs = running === undefined ? 0 : now - running.startMs;
    if (running !== undefined && limitMs > 0 && ageMs >= limitMs) {
      this.#late = running.task;
      executor.end({ kind: "timeout", reason: `the task ran longer than its limit of ${limitMs / 1_000} s` });
    } else if (running !== undefined) executor.look();
    const long = running !== undefined && running.task !== this.#reported && ageMs >= FIRST_PROGRESS_MS;
    if (!long && now < this.#progressAt) return;
    this.#progressAt = now + PROGRESS_MS;
    this.#reported = running?.task ?? -1;
    this.#options.listener.progress({ task: running?.task ?? null, taskAgeMs: Math.floor(ageMs), pid: executor.pid });
  }

  #checkOver(): void {
    if (this.#rules !== undefined && this.#remaining === 0) this.#finish([], { ok: true });
  }

  /** Stores the last frame, then says how the child ended. */
  #finish(notStarted: readonly number[], ending: Ending): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#handedBack = notStarted.length;
    clearInterval(this.#timer);
    const free = this.#letGo(ending.ok);
    // Without a last frame where the exit code is to tell it.
    const silent = !ending.ok && notStarted.length === 0 && this.#remaining > 0;
    const stored = silent ? this.#results?.settle() : this.#results?.finish(notStarted);
    void Promise.all([stored, free]).then(() => this.#ended.resolve(this.#storeFailure ?? ending));
  }

  #onStoreFailure(reason: unknown): void {
    this.#storeFailure = endingOf(reason);
    this.#finish([], this.#storeFailure);
  }

  /** The executor goes back to those that wait for work, or ends with what it does. */
  async #letGo(ok: boolean): Promise<void> {
    const executor = this.#executor;
    this.#executor = undefined;
    if (executor === undefined) return;
    executor.listener = undefined;
    if (ok && !this.#options.alone) await this.#options.executors.give(executor);
    else executor.end({ kind: "exit", reason: "the child is over" });
  }
}
