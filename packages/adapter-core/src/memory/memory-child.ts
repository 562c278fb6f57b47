import { createHash } from "node:crypto";
import type { JobSpec } from "../contracts/backend.ts";
import type { Clock } from "../contracts/host.ts";
import type { PayloadStore } from "../contracts/payload-store.ts";
import type { DeathCause, FrameResult } from "../formats/frame.ts";
import { encodeFrame } from "../formats/frame-encode.ts";
import type { Section, SectionTask } from "../formats/section.ts";
import { untilAborted } from "../stores/until-aborted.ts";
import { type MemoryOutcome, type MemoryTask, objectReader } from "./memory-task.ts";

/** What one child needs of its backend. */
export interface MemoryChildHost {
  readonly store: PayloadStore;
  readonly clock: Clock;
  readonly tasksPerFrame: number;
  readonly run: (task: MemoryTask) => Promise<MemoryOutcome>;
  readonly onFrame: (key: string) => void;
  readonly onProgress: (task: number | undefined) => void;
}

/** Plays supervisor and executor of one child: runs its tasks one after another and writes real frames. */
export class MemoryChild {
  readonly #job: JobSpec;
  readonly #section: Section;
  readonly #host: MemoryChildHost;
  readonly #attempt = 1;
  readonly #revoked = new Set<number>();
  #running: { readonly index: number; readonly stop: AbortController } | undefined;
  #frames = 0;

  constructor(job: JobSpec, section: Section, host: MemoryChildHost) {
    this.#job = job;
    this.#section = section;
    this.#host = host;
  }

  /** Ends single tasks; the others go on. */
  revoke(tasks: readonly number[]): void {
    for (const index of tasks) {
      this.#revoked.add(index);
      if (this.#running?.index === index) this.#running.stop.abort(death("revoked", "revoked by the manager", false));
    }
  }

  /** Runs everything; resolves after the last frame is stored. Rejects with the signal's reason when it aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { tasks } = this.#section;
    const objects = objectReader(this.#host.store, this.#section, (bytes) =>
      createHash("sha256").update(bytes).digest("hex"),
    );
    const waiting: FrameResult[] = [];
    for (const [index, task] of tasks.entries()) {
      signal.throwIfAborted();
      waiting.push(await this.#one(index, task, objects, signal));
      if (waiting.length >= this.#host.tasksPerFrame && index < tasks.length - 1)
        await this.#flush(waiting.splice(0), false, signal);
    }
    await this.#flush(waiting, true, signal);
  }

  async #one(
    index: number,
    task: SectionTask,
    objects: ReturnType<typeof objectReader>,
    signal: AbortSignal,
  ): Promise<FrameResult> {
    const { clock } = this.#host;
    const start = clock.now();
    const outcome = await this.#outcome(index, task, objects, signal);
    const seconds = (clock.now() - start) / 1000;
    const facts = { task: index, id: task.id, seconds, peakBytes: 0, cpuSeconds: 0 };
    if (outcome.status === "died") return { ...facts, ...outcome };
    const { status, blob, out, err } = outcome;
    return { ...facts, status, blob, raw: blob.length, gzip: false, ...(out ? { out } : {}), ...(err ? { err } : {}) };
  }

  async #outcome(
    index: number,
    task: SectionTask,
    objects: ReturnType<typeof objectReader>,
    signal: AbortSignal,
  ): Promise<MemoryOutcome> {
    if (this.#revoked.has(index))
      return { status: "died", cause: death("revoked", "revoked before it started", false) };
    const stop = new AbortController();
    const over = new AbortController();
    this.#running = { index, stop };
    this.#host.onProgress(index);
    const { taskLimitMs } = this.#section;
    this.#host.clock.sleep(taskLimitMs, { signal: over.signal }).then(
      () => stop.abort(death("timeout", `ran longer than its limit of ${taskLimitMs} ms`, index === 0)),
      () => undefined,
    );
    try {
      const both = AbortSignal.any([signal, stop.signal]);
      const [serializer, fn, ...args] = await Promise.all(
        [this.#section.serializer, task.fn, ...task.args].map((id) => objects(id, { signal })),
      );
      const { job, child, client } = this.#section;
      const given = { job, child, index, id: task.id, attempt: this.#attempt, client, args, signal: both };
      const work = this.#host.run({ ...given, serializer: serializer ?? new Uint8Array(), fn: fn ?? new Uint8Array() });
      return await untilAborted(work, both);
    } catch (reason) {
      if (!signal.aborted && stop.signal.aborted) return { status: "died", cause: stop.signal.reason as DeathCause };
      throw reason;
    } finally {
      over.abort();
      this.#running = undefined;
    }
  }

  async #flush(results: readonly FrameResult[], last: boolean, signal: AbortSignal): Promise<void> {
    const key = `${this.#job.outPrefix}${this.#section.child}.${this.#attempt}.${this.#frames}`;
    this.#frames += 1;
    const frame = await encodeFrame(key, { runner: "memory/1", results, notStarted: [], last }, this.#job.secret, {
      signal,
    });
    await this.#host.store.put(key, frame, { if: "absent", signal });
    this.#host.onFrame(key);
  }
}

function death(kind: DeathCause["kind"], reason: string, first: boolean): DeathCause {
  return { kind, reason, first };
}
