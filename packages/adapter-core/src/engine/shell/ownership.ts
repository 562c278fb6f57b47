import type { JobName } from "../../contracts/backend.ts";
import type { WorkerId } from "../core/ids.ts";

/** Whether this process still is the manager that it took itself for. */
export interface Ownership {
  /** Grows with each process that holds the manager's id; a job of a later one is not ours to judge. */
  readonly epoch: number;
  /** Resolves while it is certain, which may need a look at the store; what is done after it is not done by two processes. Rejects at the end of the engine. */
  sure(): Promise<void>;
  /** Writes a worker id down, before the scheduler hears of it first. Resolves once that is stored. */
  note(worker: WorkerId, profile: string): Promise<void>;
  /** The worker is connected, and tells the scheduler of itself from now on. */
  announces(worker: WorkerId): void;
  /** The scheduler answered the worker. */
  heard(worker: WorkerId): void;
  /** The worker has left. */
  forget(worker: WorkerId): void;
}

/** For a backend whose jobs end with this process: nobody can take them over, so nothing is written down. */
export const ALONE: Ownership = {
  epoch: Number.POSITIVE_INFINITY,
  sure: () => Promise.resolve(),
  note: () => Promise.resolve(),
  announces: () => {},
  heard: () => {},
  forget: () => {},
};

/** The epoch in a job's name, `<prefix>-<epoch>-<number>`; 0 where it has none. */
export function epochOf(job: JobName): number {
  return Number(/-([1-9][0-9]{0,8})-[0-9]+$/.exec(job)?.[1] ?? 0);
}
