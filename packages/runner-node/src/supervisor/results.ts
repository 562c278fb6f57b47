import { compress, type DeathCause, encodeFrame, type FrameResult } from "@scaler-aws-hpc/adapter-core";
import type { Job } from "../job/job.ts";
import type { TaskDone } from "../messages/reports.ts";
import type { Store } from "../store/store.ts";
import { LANGUAGE, RUNNER_VERSION } from "../versions.ts";
import type { ExecutorEnd, TaskOutput } from "./executor-process.ts";

/** Options of {@link Results}. */
export interface ResultsOptions {
  readonly job: Job;
  readonly store: Store;
  readonly flushMs: number;
  readonly flushBytes: number;
  /** A frame is in the store. */
  readonly onFrame: (key: string, results: number) => void;
  /** A frame could not be stored: nothing more of this child can be. */
  readonly onFailure: (reason: unknown) => void;
}

type Waiting = { readonly result: FrameResult } | { readonly result: FrameResult; readonly compress: true };

/** Results of a child on their way to the store: gathered for a moment, then stored together in a frame; one frame after another. */
export class Results {
  readonly #options: ResultsOptions;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #frames = 0;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(options: ResultsOptions) {
    this.#options = options;
  }

  /** A task returned or threw. @param executorStartMs when its executor began */
  done(id: string, executorStartMs: number, done: TaskDone & { readonly blob: Uint8Array }, output: TaskOutput): void {
    const { task, ok, stream, blob, seconds, cpuSeconds, peakBytes, startMs } = done;
    const result: FrameResult = {
      ...{ task, id, status: ok ? "ok" : "error", blob, raw: blob.length, gzip: false },
      ...{ seconds, peakBytes, cpuSeconds, started: Math.max(0, startMs - executorStartMs) / 1_000 },
      ...(stream ? tails(output) : {}),
    };
    this.#add({ result, compress: true }, blob.length);
  }

  /** A task died with its executor, or was never begun. */
  died(task: number, id: string, cause: DeathCause, end?: ExecutorEnd): void {
    const result: FrameResult = {
      ...{ task, id, status: "died", cause },
      ...{ seconds: end?.seconds ?? 0, peakBytes: end?.peakBytes ?? 0, cpuSeconds: 0 },
      ...(end === undefined ? {} : tails(end)),
    };
    this.#add({ result }, 0);
  }

  /** Stores what waits. */
  flush(): void {
    if (this.#waiting.length > 0) this.#write(false, []);
  }

  /** Stores what waits as the last frame; with it goes what is handed back. Resolves when everything is stored, or nothing more can be. */
  async finish(notStarted: readonly number[]): Promise<void> {
    if (this.#waiting.length > 0 || notStarted.length > 0) this.#write(true, notStarted);
    await this.#writing;
  }

  /** Stores what waits, but not as the last frame. */
  async settle(): Promise<void> {
    this.flush();
    await this.#writing;
  }

  #add(waiting: Waiting, bytes: number): void {
    this.#waiting.push(waiting);
    this.#bytes += bytes;
    if (this.#bytes >= this.#options.flushBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#options.flushMs);
  }

  #write(last: boolean, notStarted: readonly number[]): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const { job, onFrame, onFailure } = this.#options;
    const n = this.#frames;
    this.#frames += 1;
    const key = `${job.outPrefix}${job.child}.${job.attempt}.${n}`;
    this.#writing = this.#writing.then(async () => {
      if (this.#failed) return;
      try {
        await this.#store(key, waiting, last, notStarted);
        onFrame(key, waiting.length);
      } catch (reason) {
        this.#failed = true;
        onFailure(reason);
      }
    });
  }

  async #store(key: string, waiting: readonly Waiting[], last: boolean, notStarted: readonly number[]): Promise<void> {
    const { job, store } = this.#options;
    const results: FrameResult[] = [];
    for (const one of waiting) results.push(await packed(one, store.compress));
    const runner = `node/${RUNNER_VERSION} ${LANGUAGE}`;
    await store.putAbsent(key, await encodeFrame(key, { runner, results, notStarted, last }, job.secret));
  }
}

/** The result with its blob compressed where that pays. */
async function packed(waiting: Waiting, wanted: boolean): Promise<FrameResult> {
  const { result } = waiting;
  if (!wanted || !("compress" in waiting) || result.status === "died") return result;
  const { bytes, gzip } = await compress(result.blob);
  return gzip ? { ...result, blob: bytes, gzip } : result;
}

function tails({ out, err }: TaskOutput): { out?: Uint8Array; err?: Uint8Array } {
  return { ...(out.length > 0 ? { out } : {}), ...(err.length > 0 ? { err } : {}) };
}
