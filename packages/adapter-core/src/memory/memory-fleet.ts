import type { BackendHint, ChildChange, JobName, JobSpec } from "../contracts/backend.ts";
import type { MemoryChild } from "./memory-child.ts";

/** A child of a job of a {@link MemoryFleet}. */
export interface MemoryEntry {
  readonly job: JobName;
  readonly child: number;
  readonly stop: AbortController;
  state: ChildChange;
  /** Its state changed since it was asked for. */
  unseen: boolean;
  /** `undefined` until its section was read. */
  running: MemoryChild | undefined;
  revoked: number[];
}

/** A job of a {@link MemoryFleet}. */
export interface MemoryJob {
  readonly spec: JobSpec;
  readonly entries: readonly MemoryEntry[];
  readonly submittedAt: number;
}

/** Where jobs of `MemoryBackend`s live that outlive them: what a cloud is to a real backend. */
export class MemoryFleet {
  readonly jobs: Map<JobName, MemoryJob> = new Map();
  /** Who is told of everything at once. */
  readonly listeners: Set<(hint: BackendHint) => void> = new Set();

  /** Enters a job, every child of it as one that is about to run. */
  add(spec: JobSpec, now: number): readonly MemoryEntry[] {
    const job = spec.name;
    const entries = Array.from({ length: spec.children }, (_, child): MemoryEntry => {
      const state: ChildChange = { job, child, state: "running", attempt: 1 };
      return { job, child, stop: new AbortController(), state, unseen: false, running: undefined, revoked: [] };
    });
    this.jobs.set(job, { spec, entries, submittedAt: now });
    return entries;
  }

  /** Jobs that can be seen by now: a young one shows late. */
  visible(now: number, delayMs: number): MemoryJob[] {
    return [...this.jobs.values()].filter(({ submittedAt }) => now - submittedAt >= delayMs);
  }
}
