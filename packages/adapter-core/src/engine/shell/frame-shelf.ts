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
  /** Uncompressed length of each result by index of its task. */
  readonly lengths: ReadonlyMap<number, number>;
  /** Bytes that `frame` holds. */
  size: number;
  frame: Frame | undefined;
  loading: Promise<Frame | undefined> | undefined;
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

  /** Whether somebody may still need this frame. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Keys of the frames that somebody may still need. */
  keys(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Reads, verifies and keeps a frame; `undefined` when the store does not have it.
   * @throws {AdapterError} `corrupt`, and as `PayloadStore.get`
   */
  async load(key: string, secret: string): Promise<Frame | undefined> {
    const read = await this.#read(key, secret);
    if (read === undefined) return undefined;
    const { frame, size } = read;
    const lengths = new Map<number, number>();
    for (const result of frame.results) if (result.status !== "died") lengths.set(result.task, result.raw);
    this.#drop(key);
    const entry: Entry = { secret, lengths, size: 0, frame: undefined, loading: undefined };
    this.#entries.set(key, entry);
    this.#keep(entry, frame, size);
    return frame;
  }

  /** A frame that was loaded before; `undefined` when it is gone. @throws {AdapterError} as {@link load} */
  async get(key: string): Promise<Frame | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (entry.frame !== undefined) return entry.frame;
    // All results of a frame are asked for at about the same time: one read serves them.
    entry.loading ??= this.#again(key, entry).finally(() => {
      entry.loading = undefined;
    });
    return await entry.loading;
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
    this.#bytes -= entry.size;
    // Who still waits for a read of it must not bring it back.
    entry.frame = undefined;
    entry.size = 0;
  }

  async #again(key: string, entry: Entry): Promise<Frame | undefined> {
    const read = await this.#read(key, entry.secret);
    if (read !== undefined && this.#entries.get(key) === entry) this.#keep(entry, read.frame, read.size);
    return read?.frame;
  }

  async #read(key: string, secret: string): Promise<{ readonly frame: Frame; readonly size: number } | undefined> {
    const { store, maxFrameBytes, signal } = this.#options;
    const stored = await store.get(key, { maxBytes: maxFrameBytes, signal });
    if (stored === undefined) return undefined;
    return { frame: await decodeFrame(key, stored.body, secret, { signal }), size: stored.body.length };
  }

  #keep(entry: Entry, frame: Frame, size: number): void {
    entry.frame = frame;
    entry.size = size;
    this.#bytes += size;
    this.#evict();
  }

  #evict(): void {
    if (this.#bytes <= this.#options.maxBytes) return;
    let left = this.#entries.size;
    for (const entry of this.#entries.values()) {
      left -= 1;
      // The newest stays however big it is: it is about to be used.
      if (left === 0 || this.#bytes <= this.#options.maxBytes) return;
      if (entry.frame === undefined) continue;
      this.#bytes -= entry.size;
      entry.frame = undefined;
      entry.size = 0;
    }
  }
}
