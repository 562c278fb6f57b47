import type { EngineEvent } from "@scaler-aws-hpc/adapter-core";
import type { TaskTruth } from "./task-truth.ts";

/** What a stored frame says of one task. */
export interface StoredResult {
  /** Index of the task in its child. */
  readonly index: number;
  readonly task: TaskTruth;
  readonly status: "ok" | "error" | "died";
  readonly value: string;
}

/** A stored result frame. */
export interface StoredFrame {
  readonly key: string;
  /** The manager process whose backend ran the child; meaningless where jobs outlive it. */
  readonly shell: number;
  /** As it is told to the core. */
  readonly event: Extract<EngineEvent, { type: "frame" }>;
  readonly attempt: number;
  readonly results: readonly StoredResult[];
}

/** The payload store, as far as frames go: the truth about which are there. */
export class FakeStore {
  readonly #frames = new Map<string, StoredFrame>();

  /** `false` when there is one under that key: the put is conditional. */
  put(frame: StoredFrame): boolean {
    if (this.#frames.has(frame.key)) return false;
    this.#frames.set(frame.key, frame);
    return true;
  }

  get(key: string): StoredFrame | undefined {
    return this.#frames.get(key);
  }

  delete(key: string): void {
    this.#frames.delete(key);
  }

  /** Drops the frames of a manager that is gone, as the sweep of old objects does. */
  sweep(shell: number): void {
    for (const frame of this.#frames.values()) if (frame.shell === shell) this.#frames.delete(frame.key);
  }

  get size(): number {
    return this.#frames.size;
  }

  frames(): Iterable<StoredFrame> {
    return this.#frames.values();
  }
}
