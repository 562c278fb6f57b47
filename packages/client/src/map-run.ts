import { ClientError } from "./client-error.ts";
import type { Submitted } from "./submitter.ts";
import type { ArgumentsOf, TaskOptions } from "./task-options.ts";

/** How far a map is. */
export interface MapProgress {
  readonly submitted: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Number of inputs, where it is known before. */
  readonly total: number | undefined;
}

/** Options of a map; those of each task too. */
export interface MapOptions<Rest extends readonly unknown[] = readonly unknown[]> extends TaskOptions, MapLimits {
  /** What each task gets after its input: best references to values that were put. @default none */
  readonly args?: ArgumentsOf<NoInfer<Rest>>;
}

/** What a map may take. */
export interface MapLimits {
  /** Tasks that have been submitted and whose results have not been taken. @default 4_096 */
  readonly concurrency?: number | undefined;
  /** Bytes of the arguments of tasks that have not ended; one task is always let through. @default 268_435_456 (256 MiB) */
  readonly maxInFlightBytes?: number | undefined;
  /** Results in the order of the inputs. Otherwise as they come. @default true */
  readonly ordered?: boolean | undefined;
  /** Called after each submit and each end. */
  readonly onProgress?: ((progress: MapProgress) => void) | undefined;
}

/** How a task of a map ended. */
export type MapOutcome<Input, Result> =
  | { readonly status: "fulfilled"; readonly index: number; readonly input: Input; readonly value: Result }
  | { readonly status: "rejected"; readonly index: number; readonly input: Input; readonly reason: unknown };

/** What a map is made of. */
export interface MapParts<Input> extends MapLimits {
  readonly inputs: Iterable<Input> | AsyncIterable<Input>;
  readonly start: (input: Input) => Submitted;
  readonly signal: AbortSignal | undefined;
}

const DEFAULT_CONCURRENCY = 4_096;
const DEFAULT_BYTES = 256 * 1024 * 1024;

/** One map over inputs: iterate it for the results, or take them all. It can be used once. */
export class MapRun<Input, Result> implements AsyncIterable<Result> {
  readonly #parts: MapParts<Input>;
  #used = false;

  /** For the client: see `Client.map`. @throws {ClientError} `config` */
  constructor(parts: MapParts<Input>) {
    for (const name of ["concurrency", "maxInFlightBytes"] as const) {
      const value = parts[name];
      if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
        throw new ClientError("config", `${name}: expected a whole number of at least 1, got ${value}`);
      }
    }
    this.#parts = parts;
  }

  /**
   * Yields the results. The first failure is thrown, and the other tasks are cancelled; so are they when the loop is left.
   * @throws what a task threw, or a {@link ClientError}
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Result, void, undefined> {
    for await (const outcome of this.settled()) {
      if (outcome.status === "rejected") throw outcome.reason;
      yield outcome.value;
    }
  }

  /** All results. @throws as the iteration does */
  async toArray(): Promise<Result[]> {
    const results: Result[] = [];
    for await (const result of this) results.push(result);
    return results;
  }

  /** Yields how each task ended, failed ones too. Throws only what the inputs throw, and where no more can be submitted. */
  async *settled(): AsyncGenerator<MapOutcome<Input, Result>, void, undefined> {
    if (this.#used) throw new ClientError("config", "a map can be iterated once: call map again");
    this.#used = true;
    const window = new MapWindow<Input, Result>(this.#parts);
    const feeding = window.feed();
    try {
      for (;;) {
        const outcome = await window.take();
        if (outcome === undefined) break;
        yield outcome;
      }
      await feeding;
    } finally {
      window.stop();
      await feeding.catch(() => undefined);
    }
  }
}

interface Slot<Input, Result> extends Submitted {
  outcome: MapOutcome<Input, Result> | undefined;
}

/** The tasks of a map that have been submitted and whose outcomes have not been taken. */
class MapWindow<Input, Result> {
  readonly #parts: MapParts<Input>;
  readonly #ordered: boolean;
  readonly #concurrency: number;
  readonly #maxBytes: number;
  readonly #total: number | undefined;
  /** In the order in which they are to be taken: of inputs, or of ends. */
  readonly #line: Slot<Input, Result>[] = [];
  #taken = 0;
  readonly #open = new Set<Slot<Input, Result>>();
  #occupied = 0;
  #bytes = 0;
  #fed = false;
  #stopped = false;
  #failure: { readonly reason: unknown } | undefined;
  #succeeded = 0;
  #failed = 0;
  #submitted = 0;
  #changed = Promise.withResolvers<void>();

  constructor(parts: MapParts<Input>) {
    this.#parts = parts;
    this.#ordered = parts.ordered ?? true;
    this.#concurrency = parts.concurrency ?? DEFAULT_CONCURRENCY;
    this.#maxBytes = parts.maxInFlightBytes ?? DEFAULT_BYTES;
    const { inputs } = parts;
    this.#total = Array.isArray(inputs)
      ? inputs.length
      : inputs instanceof Set || inputs instanceof Map
        ? inputs.size
        : undefined;
  }

  /** Submits inputs as there is room. Never rejects: what went wrong comes out of {@link take}. */
  async feed(): Promise<void> {
    try {
      for await (const input of this.#parts.inputs) {
        while (!this.#room() && !this.#stopped) await this.#change();
        if (this.#stopped) break;
        this.#start(input);
      }
    } catch (reason) {
      this.#failure = { reason };
    }
    this.#fed = true;
    this.#notify();
  }

  /** The next outcome, or `undefined` after the last. @throws what the inputs threw, once all before has been taken */
  async take(): Promise<MapOutcome<Input, Result> | undefined> {
    for (;;) {
      const next = this.#line[this.#taken];
      if (next?.outcome !== undefined) {
        this.#advance();
        return next.outcome;
      }
      if (next === undefined && this.#fed && this.#open.size === 0) {
        if (this.#failure !== undefined) throw this.#failure.reason;
        return undefined;
      }
      await this.#change();
    }
  }

  /** Cancels what is open and takes no more inputs. */
  stop(): void {
    this.#stopped = true;
    for (const { run } of this.#open) void run.cancel();
    this.#notify();
  }

  #room(): boolean {
    return this.#occupied < this.#concurrency && (this.#bytes < this.#maxBytes || this.#open.size === 0);
  }

  #start(input: Input): void {
    const slot: Slot<Input, Result> = { ...this.#parts.start(input), outcome: undefined };
    const index = this.#submitted;
    this.#submitted += 1;
    this.#occupied += 1;
    this.#bytes += slot.byteLength;
    this.#open.add(slot);
    if (this.#ordered) this.#line.push(slot);
    slot.run.result.then(
      (value) => this.#ended(slot, { status: "fulfilled", index, input, value: value as Result }),
      (reason: unknown) => this.#ended(slot, { status: "rejected", index, input, reason }),
    );
    this.#progress();
  }

  #ended(slot: Slot<Input, Result>, outcome: MapOutcome<Input, Result>): void {
    slot.outcome = outcome;
    this.#open.delete(slot);
    this.#bytes -= slot.byteLength;
    if (outcome.status === "fulfilled") this.#succeeded += 1;
    else this.#failed += 1;
    if (!this.#ordered) this.#line.push(slot);
    this.#notify();
    if (!this.#stopped) this.#progress();
  }

  #advance(): void {
    this.#occupied -= 1;
    this.#taken += 1;
    if (this.#taken >= 1_024) {
      this.#line.splice(0, this.#taken);
      this.#taken = 0;
    }
    this.#notify();
  }

  #progress(): void {
    this.#parts.onProgress?.({
      submitted: this.#submitted,
      succeeded: this.#succeeded,
      failed: this.#failed,
      total: this.#total,
    });
  }

  #change(): Promise<void> {
    return this.#changed.promise;
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
