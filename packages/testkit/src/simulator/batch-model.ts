import { type CoreOptions, EngineCore, type EngineEffect, type EngineEvent } from "@scaler-aws-hpc/adapter-core";
import { Coverage, SOMETIMES } from "./coverage.ts";
import { Kernel } from "./kernel.ts";
import { Random } from "./random.ts";

/** A workload on an ideal cloud batch service: nothing fails, every call takes the same time. Times in milliseconds. */
export interface BatchModelOptions {
  /** Run time of each task, in order of arrival. */
  readonly durationsMs: readonly number[];
  readonly slots: number;
  /** Tasks of one pack at most; 1 turns packing off. */
  readonly maxTasksPerPack: number;
  /** From the submission of a job to the start of each child. */
  readonly startMs: number;
  /** Of every call to the service and to the store. */
  readonly latencyMs: number;
  readonly backend: CoreOptions["backend"];
  /** All tasks arrive evenly within this time. @default 200 */
  readonly arrivalMs?: number;
}

/** What it took. */
export interface BatchModelResult {
  /** From the first task's arrival to the last result's delivery. */
  readonly makespanMs: number;
  /** The list schedule of (start + task) on the slots. */
  readonly idealMs: number;
  readonly submits: number;
  readonly children: number;
  readonly listings: number;
  /** Frames that were stored. */
  readonly frames: number;
}

/** Frames read at a time. */
const READS = 64;
/** A pack stores what has finished since, at most this long after. */
const FLUSH_MS = 1_000;

interface Stored {
  readonly frame: Extract<EngineEvent, { type: "frame" }>;
  readonly last: boolean;
}

/** Plays a workload through the engine's core in virtual time, to count what its decisions cost. */
export function playBatch(options: BatchModelOptions): BatchModelResult {
  return new BatchModel(options).play();
}

/** The earliest that all tasks can be done, taken in order by whichever slot is free first. */
function listScheduleMs(durationsMs: readonly number[], slots: number, startMs: number): number {
  const free = Array.from({ length: slots }, () => 0);
  for (const duration of durationsMs) {
    let first = 0;
    for (let slot = 1; slot < slots; slot += 1) if ((free[slot] ?? 0) < (free[first] ?? 0)) first = slot;
    free[first] = (free[first] ?? 0) + startMs + duration;
  }
  return Math.max(...free);
}

class BatchModel {
  readonly #options: BatchModelOptions;
  readonly #kernel = new Kernel(new Random(1), new Coverage(SOMETIMES));
  readonly #core: EngineCore;
  readonly #plans = new Map<string, Extract<EngineEffect, { type: "stage" }>["plan"]>();
  readonly #live = new Set<string>();
  #stored: Stored[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;
  #delivered = 0;
  #submits = 0;
  #children = 0;
  #listings = 0;
  #frames = 0;
  #meanMs = 0;

  constructor(options: BatchModelOptions) {
    this.#options = options;
    const { slots, maxTasksPerPack, backend } = options;
    const profiles = [{ name: "default", slots, capabilities: {}, settings: {} }];
    this.#core = new EngineCore(
      { jobPrefix: "m", profiles, backend, maxTasksPerPack, workersPerProfile: 1 },
      () => 0.5,
    );
  }

  play(): BatchModelResult {
    const { durationsMs, slots, startMs, arrivalMs = 200 } = this.#options;
    this.#post({ type: "tick" });
    durationsMs.forEach((_, index) => {
      this.#kernel.at(1_000 + (index * arrivalMs) / durationsMs.length, () => this.#arrive(index));
    });
    this.#kernel.at(1_000, () => this.#poll());
    while (this.#delivered < durationsMs.length && this.#kernel.now < 36_000_000) this.#kernel.step();
    return {
      makespanMs: this.#kernel.now - 1_000,
      idealMs: listScheduleMs(durationsMs, slots, startMs),
      submits: this.#submits,
      children: this.#children,
      listings: this.#listings,
      frames: this.#frames,
    };
  }

  #link = { worker: "", session: 0 };

  #arrive(index: number): void {
    const taskId = index.toString(16).padStart(32, "0");
    const task = { taskId, source: "c", functionId: "f", argumentIds: [], priority: 0, streamOutput: false };
    this.#post({ type: "task", ...this.#link, task });
  }

  #post(event: EngineEvent): void {
    for (const effect of this.#core.apply(event, this.#kernel.now)) this.#perform(effect);
    const wake = this.#core.nextWake();
    if (wake === undefined || wake >= this.#wakeAt) return;
    this.#wakeAt = Math.max(wake, this.#kernel.now + 1);
    const at = this.#wakeAt;
    this.#kernel.at(at, () => {
      if (this.#wakeAt !== at) return;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#post({ type: "tick" });
    });
  }

  #later(ms: number, event: EngineEvent): void {
    this.#kernel.after(ms, () => this.#post(event));
  }

  #perform(effect: EngineEffect): void {
    const { latencyMs } = this.#options;
    switch (effect.type) {
      case "open":
        this.#link = { worker: effect.worker, session: effect.session };
        this.#later(1, { type: "link-up", ...this.#link, scheduler: "s" });
        break;
      case "heartbeat":
        this.#later(1, { type: "echo", worker: effect.worker, session: effect.session });
        break;
      case "inspect": {
        const outcome = { ok: true, runner: "python", digest: effect.functionId } as const;
        this.#later(2, { type: "inspected", source: effect.source, functionId: effect.functionId, outcome });
        break;
      }
      case "stage":
        this.#plans.set(effect.plan.name, effect.plan);
        this.#later(latencyMs + 5, {
          type: "staged",
          job: effect.plan.name,
          outcome: { ok: true, absent: [], deferred: [] },
        });
        break;
      case "submit":
        this.#submits += 1;
        this.#start(effect.job);
        this.#later(latencyMs + 1, { type: "submitted", job: effect.job, outcome: { ok: true } });
        break;
      case "deliver":
        this.#delivered += 1;
        this.#later(1, { type: "delivered", delivery: effect.delivery, failure: undefined });
        break;
    }
  }

  /** Every child of a job runs its tasks one after another and stores frames. */
  #start(job: string): void {
    const packs = this.#plans.get(job)?.packs ?? [];
    this.#live.add(job);
    packs.forEach(({ tasks }, child) => {
      this.#children += 1;
      let at = this.#kernel.now + this.#options.latencyMs + this.#options.startMs;
      let results: { task: number; status: "ok"; seconds: number }[] = [];
      let since = at;
      let n = 0;
      tasks.forEach(({ taskId }, task) => {
        const ms = this.#options.durationsMs[Number.parseInt(taskId, 16)] ?? 0;
        at += ms;
        results.push({ task, status: "ok", seconds: ms / 1_000 });
        const last = task === tasks.length - 1;
        if (!last && at - since < FLUSH_MS) return;
        const key = `${job}.${child}.1.${n}`;
        const frame = { type: "frame", job, child, attempt: 1, key, results, notStarted: [] } as const;
        this.#kernel.at(at + this.#options.latencyMs, () => this.#stored.push({ frame, last }));
        n += 1;
        results = [];
        since = at;
      });
    });
  }

  /** One round: a listing, then the frames that are new, some at a time. */
  #poll(): void {
    const { latencyMs, backend } = this.#options;
    const { pollMs, pollMostMs = pollMs } = backend;
    this.#kernel.after(Math.min(pollMostMs, Math.max(pollMs, this.#meanMs / 10)), () => this.#poll());
    if (this.#live.size === 0) return;
    this.#listings += 1;
    const found = this.#stored;
    this.#stored = [];
    found.forEach(({ frame, last }, at) => {
      this.#frames += 1;
      this.#kernel.after(latencyMs + latencyMs * Math.ceil((at + 1) / READS) + at * 0.1, () => {
        this.#post(frame);
        const ms = frame.results.reduce((sum, { seconds }) => sum + seconds * 1_000, 0);
        this.#meanMs += (ms - this.#meanMs) * (this.#meanMs === 0 ? 1 : 0.1);
        if (last) {
          const { job, child } = frame;
          this.#post({ type: "child", change: { job, child, state: "succeeded", attempt: 1 } });
        }
      });
    });
  }
}
