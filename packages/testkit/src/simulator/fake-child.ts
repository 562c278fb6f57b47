import { type ChildChange, type EngineEvent, type Failure, frameKey } from "@scaler-aws-hpc/adapter-core";
import type { StoredFrame, StoredResult } from "./fake-store.ts";
import type { Timer } from "./kernel.ts";
import { resultOf, type TaskTruth } from "./task-truth.ts";
import type { World } from "./world.ts";

type Frame = Extract<EngineEvent, { type: "frame" }>;
type Outcome = Frame["results"][number];
type Death = NonNullable<Outcome["cause"]>;

/** Where a child's frames and changes go; they arrive whenever the backend's ways bring them there. */
export interface ChildWatcher {
  readonly shell: number;
  /** `found`: it was stored before the manager began. */
  frame(child: FakeChild, frame: Frame, found?: boolean): void;
  changed(child: FakeChild, change: ChildChange): void;
}

/** What takes a child away without a word of its runner. */
type Loss = Exclude<Failure["kind"], "cancelled">;

const LOSSES = ["spot", "host", "lost"] as const;

/** One child: runs its tasks one after another in virtual time, writes frames, and ends well or badly. */
export class FakeChild {
  readonly job: string;
  readonly index: number;
  readonly profile: string;
  readonly fresh: boolean;
  readonly tasks: readonly TaskTruth[];
  /** Who hears of it; nobody while no manager lives. */
  watcher: ChildWatcher | undefined;
  attempt = 1;
  state: "pending" | "running" | "over" = "pending";
  /** The manager asked for its end. */
  stopAsked = false;
  readonly #world: World;
  /** How often the backend may start it. */
  readonly #attempts: number;
  readonly #revoked = new Set<number>();
  #begun = false;
  #change: ChildChange | undefined;
  #at = 0;
  #timer: Timer | undefined;
  /** Tasks that the present process has run. */
  #ran = 0;
  #frames = 0;
  #unflushed: (StoredResult & { readonly outcome: Outcome })[] = [];
  #notStarted: number[] = [];

  constructor(
    world: World,
    watcher: ChildWatcher,
    options: {
      readonly job: string;
      readonly index: number;
      readonly profile: string;
      readonly fresh: boolean;
      readonly tasks: readonly TaskTruth[];
      readonly attempts: number;
    },
  ) {
    this.#world = world;
    this.watcher = watcher;
    this.#attempts = options.attempts;
    this.job = options.job;
    this.index = options.index;
    this.profile = options.profile;
    this.fresh = options.fresh;
    this.tasks = options.tasks;
  }

  /** Which manager process it belongs to; 0: to none. */
  get shell(): number {
    return this.watcher?.shell ?? 0;
  }

  /** Whether the backend has ever heard of it. */
  get known(): boolean {
    return this.#begun;
  }

  /** Another manager process takes it over: it hears of all frames that are stored, and of the state that the child has now. */
  follow(watcher: ChildWatcher, frames: readonly StoredFrame[]): void {
    this.watcher = watcher;
    for (const { event } of frames) watcher.frame(this, event, true);
    if (this.#change !== undefined) watcher.changed(this, this.#change);
  }

  #tell(change: ChildChange): void {
    this.#change = change;
    this.watcher?.changed(this, change);
  }

  /** Whether it takes up a slot at the backend. */
  get live(): boolean {
    return this.#begun && this.state !== "over";
  }

  /** The backend has taken it. */
  begin(): void {
    if (this.state === "over") return;
    const { kernel, scenario } = this.#world;
    this.#begun = true;
    this.#world.executions.childBegins(this);
    if (this.tasks.length > 1) kernel.seen("pack of several");
    const { startMs } = scenario.core.backend;
    this.#wait(kernel.random.spread(startMs / 3, startMs * 3), () => this.#start());
  }

  /** Asked to stop: what is finished may still be written. */
  cancel(): void {
    if (this.state === "over") return;
    this.#world.kernel.seen("child cancelled");
    if (this.state === "running" && this.#world.kernel.random.chance(0.7)) this.#flush(false);
    this.#fail("cancelled", "stopped by the manager");
  }

  /** Asked to give single tasks up. */
  revoke(tasks: readonly number[]): void {
    if (this.state === "over") return;
    for (const index of tasks) {
      if (index < this.#at || index >= this.tasks.length) {
        this.#world.kernel.seen("revoke came too late");
        continue;
      }
      const running = index === this.#at && this.state === "running";
      this.#revoked.add(index);
      if (!running) continue;
      this.#world.kernel.seen("task revoked while running");
      this.#stopTask();
      this.#died(index, "revoked", "the manager asked for its end");
      this.#next();
    }
  }

  /** Gone with the machine it ran on, reports and all. */
  kill(): void {
    this.#stopTask();
    this.#world.kernel.cancel(this.#timer);
    this.#end();
  }

  #start(): void {
    const { kernel, scenario } = this.#world;
    this.#at = 0;
    this.#ran = 0;
    if (kernel.now < this.#world.imageBadUntil || this.#world.chance(scenario.rates.childLost / 4)) {
      this.#lose("image");
      return;
    }
    if (this.#world.chance(scenario.rates.submitRefused / 2)) {
      kernel.seen("child definition refused");
      for (const task of this.tasks) task.mayFail = true;
      this.#fail("definition", "the backend refuses this child");
      return;
    }
    this.state = "running";
    this.#tell({ ...this.#ref(), state: "running", attempt: this.attempt });
    if (this.#world.chance(scenario.rates.childLost)) {
      // Strikes at any moment of what the child would take.
      let total = 0;
      for (const task of this.tasks) total += task.durationMs;
      const attempt = this.attempt;
      const kind = kernel.random.pick(LOSSES);
      kernel.after(kernel.random.next() * total, () => {
        if (this.state === "running" && this.attempt === attempt) this.#lose(kind);
      });
    }
    this.#run();
  }

  #run(): void {
    const { kernel, scenario } = this.#world;
    const index = this.#at;
    const task = this.tasks[index];
    if (task === undefined) {
      this.#flush(true);
      this.#end();
      this.#tell({ ...this.#ref(), state: "succeeded", attempt: this.attempt });
      return;
    }
    if (this.#revoked.has(index)) {
      kernel.seen("task revoked before it ran");
      this.#died(index, "revoked", "the manager asked for its end");
      this.#next();
      return;
    }
    if (index > 0 && this.#world.chance(scenario.rates.handsBack)) {
      kernel.seen("tasks handed back");
      for (let rest = index; rest < this.tasks.length; rest += 1) this.#notStarted.push(rest);
      this.#at = this.tasks.length;
      this.#run();
      return;
    }
    this.#world.executions.executionStarts(task, this);
    const limit = scenario.core.taskLimitMs ?? 20_000;
    const duration = task.kind === "hang" ? limit : task.durationMs;
    this.#wait(duration, () => this.#finishTask(task, index));
  }

  #finishTask(task: TaskTruth, index: number): void {
    const { kernel, scenario } = this.#world;
    const alone = this.fresh && this.tasks.length === 1;
    task.running = undefined;
    if (task.kind === "killer" || task.kind === "eater") {
      kernel.seen(task.kind === "eater" ? "child out of memory" : "child died unnamed");
      this.#fail(task.kind === "eater" ? "oom" : "exit", "the child ended without a word");
      return;
    }
    // Nobody can be blamed for what strikes a task that was alone, so it does not happen here.
    if (!alone && this.#world.chance(scenario.rates.childDies / this.tasks.length)) {
      kernel.seen("child died unnamed");
      const kind: Loss = kernel.random.pick(["exit", "exit", "oom", "timeout"]);
      if (kind === "timeout") kernel.seen("child timed out");
      this.#fail(kind, "the child ended without a word");
      return;
    }
    if (task.kind === "exit") this.#died(index, "exit", "it called exit");
    else if (task.kind === "signal") this.#died(index, "signal", "segmentation fault");
    else if (task.kind === "oom") this.#died(index, "oom", "killed for its memory");
    else if (task.kind === "hang") this.#died(index, "timeout", "it ran too long");
    else if (!alone && this.#ran > 0 && this.#world.chance(scenario.rates.innocentNamed)) {
      kernel.seen("innocent named as killed");
      this.#died(index, "signal", "segmentation fault of what ran before");
    } else {
      this.#ran += 1;
      const status = task.kind === "error" ? "error" : "ok";
      this.#result(index, { task: index, status, seconds: task.durationMs / 1000 }, resultOf(task));
    }
    this.#next();
  }

  #next(): void {
    this.#at += 1;
    if (this.#unflushed.length >= this.#world.scenario.flushEvery) this.#flush(false);
    this.#run();
  }

  /** The process of a task ended under it; a new one goes on with the rest. */
  #died(index: number, kind: Death["kind"], reason: string): void {
    const { kernel } = this.#world;
    if (kind === "exit") kernel.seen("task named as exited");
    if (kind === "signal") kernel.seen("task named as killed");
    if (kind === "oom") kernel.seen("task named as out of memory");
    if (kind === "timeout") kernel.seen("task named as timed out");
    const cause = { kind, reason, first: this.#ran === 0 };
    this.#world.executions.mayRetry(this.shell);
    this.#ran = 0;
    this.#result(index, { task: index, status: "died", seconds: 0, cause }, "");
  }

  #result(index: number, outcome: Outcome, value: string): void {
    const task = this.tasks[index];
    if (task !== undefined) this.#unflushed.push({ index, task, status: outcome.status, value, outcome });
  }

  #flush(last: boolean): void {
    const results = this.#unflushed;
    const notStarted = last ? this.#notStarted : [];
    if (results.length === 0 && notStarted.length === 0) return;
    this.#unflushed = [];
    const { kernel, store } = this.#world;
    const n = this.#frames;
    this.#frames += 1;
    const key = frameKey({ manager: "sim", job: this.job, child: this.index, attempt: this.attempt, n });
    kernel.log("frame stored", key, results.length);
    const event: Frame = {
      ...{ type: "frame", job: this.job, child: this.index, attempt: this.attempt, key, notStarted },
      results: results.map((result) => result.outcome),
    };
    if (!store.put({ key, shell: this.shell, attempt: this.attempt, results, event })) {
      kernel.fail("I3", `attempt ${this.attempt} cannot store ${key}: an earlier attempt's frame is in the way`);
      return;
    }
    if (this.attempt > 1) kernel.seen("frames of two attempts");
    this.watcher?.frame(this, event);
  }

  /** A machine went away. Some backends try again by themselves, with all of the child's tasks. */
  #lose(kind: keyof typeof LOSS_SEEN): void {
    const { kernel, scenario } = this.#world;
    kernel.seen(LOSS_SEEN[kind]);
    kernel.log("child lost", `${this.job}.${this.index}`, kind);
    this.#stopTask();
    if (kind === "spot" && kernel.random.chance(0.5)) this.#flush(false);
    if (
      scenario.core.backend.retriesNatively === true &&
      kind !== "lost" &&
      this.attempt < this.#attempts &&
      !this.stopAsked
    ) {
      kernel.seen("native retry");
      if (this.watcher === undefined) kernel.seen("native retry while no manager lived");
      for (const task of this.tasks) {
        task.misfortunes += 1;
        this.#lostAttempt(task);
      }
      this.#unflushed = [];
      this.#notStarted = [];
      this.#frames = 0;
      this.attempt += 1;
      this.state = "pending";
      this.#wait(kernel.random.spread(100, 10_000), () => this.#start());
      return;
    }
    this.#fail(kind, `${kind} at work`);
  }

  /** The child is over without a result for some of its tasks. */
  #fail(kind: Loss | "cancelled", reason: string): void {
    this.#stopTask();
    this.#world.kernel.cancel(this.#timer);
    const infrastructure = kind !== "cancelled" && kind !== "exit" && kind !== "oom" && kind !== "timeout";
    for (const task of this.tasks) {
      if (infrastructure) {
        this.#world.executions.mishap(this.shell, task);
        this.#lostAttempt(task);
      } else this.#world.executions.mayRetry(this.shell);
    }
    this.#end();
    this.#tell({ ...this.#ref(), state: "failed", attempt: this.attempt, failure: { kind, reason } });
  }

  /** What had a result does not count: it is not run again. */
  #lostAttempt(task: TaskTruth): void {
    if (task.seats.some((seat) => seat.child === this && seat.open)) this.#world.executions.attemptLost(task);
  }

  #stopTask(): void {
    const task = this.tasks[this.#at];
    if (task?.running === this) task.running = undefined;
    this.#world.kernel.cancel(this.#timer);
  }

  #end(): void {
    if (this.state === "over") return;
    this.state = "over";
    if (this.#begun) this.#world.executions.childEnds(this);
  }

  #wait(delayMs: number, action: () => void): void {
    this.#timer = this.#world.kernel.after(delayMs, action);
  }

  #ref(): { readonly job: string; readonly child: number } {
    return { job: this.job, child: this.index };
  }
}

const LOSS_SEEN = {
  spot: "child lost to spot",
  host: "child lost to its host",
  lost: "child lost",
  image: "child image failed",
} as const;
