import type { PayloadStore } from "../../contracts/payload-store.ts";
import { decodeFrame, type Frame } from "../../formats/frame-decode.ts";

/** Options of {@link FrameShelf}. */
export interface FrameShelfOptions {
  readonly store: PayloadStore;
  /** Bytes of frames kept in memory. */
  readonly maxBytes: number;
  /** Longest frame. */
  readonly maxFrameBytes: number;
  readonly signal: AbortSignal;
}

interface Entry {
  readonly secret: string;
  readonly size: number;
  /** Uncompressed length of each result by index of its task. */
  readonly lengths: ReadonlyMap<number, number>;
  frame: Frame | undefined;
}

/**
 * Result frames from the moment they were verified until nobody needs them: in memory as long as they fit, read again from the store
 * otherwise. A job's secret is kept with its frames, so they outlive the job.
 */
export class FrameShelf {
  readonly #options: FrameShelfOptions;
  // In order of use, oldest first.
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: FrameShelfOptions) {
    this.#options = options;
  }

  /** Frames that somebody may still need. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Reads, verifies and keeps a frame; `undefined` when the store does not have it.
   * @throws {AdapterError} `corrupt`, and as `PayloadStore.get`
   */
  async load(key: string, secret: string): Promise<Frame | undefined> {
    const { store, maxFrameBytes, signal } = this.#options;
    const stored = await store.get(key, { maxBytes: maxFrameBytes, signal });
    if (stored === undefined) return undefined;
    const frame = await decodeFrame(key, stored.body, secret, { signal });
    const lengths = new Map<number, number>();
    for (const result of frame.results) if (result.status !== "died") lengths.set(result.task, result.raw);
    this.#drop(key);
    this.#entries.set(key, { secret, size: stored.body.length, lengths, frame });
    this.#bytes += stored.body.length;
    this.#evict();
    return frame;
  }

  /** A frame that was loaded before; `undefined` when it is gone. @throws {AdapterError} as {@link load} */
  async get(key: string): Promise<Frame | undefined> {
    const entry = this.#entries.get(key);
    if (entry?.frame === undefined) return entry === undefined ? undefined : await this.load(key, entry.secret);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.frame;
  }

  /** Uncompressed length of a result, 0 when not known. */
  length(key: string, task: number): number {
    return this.#entries.get(key)?.lengths.get(task) ?? 0;
  }

  /** Nobody needs these any more. */
  forget(keys: Iterable<string>): void {
    for (const key of keys) this.#drop(key);
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    if (entry.frame !== undefined) this.#bytes -= entry.size;
  }

  #evict(): void {
    if (this.#bytes <= this.#options.maxBytes) return;
    let left = this.#entries.size;
    for (const entry of this.#entries.values()) {
      left -= 1;
      // The newest stays however big it is: it is about to be used.
      if (left === 0 || this.#bytes <= this.#options.maxBytes) return;
      if (entry.frame === undefined) continue;
      entry.frame = undefined;
      this.#bytes -= entry.size;
    }
  }
}
