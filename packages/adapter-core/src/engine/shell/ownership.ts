import type { WorkerId } from "../core/ids.ts";

/** Whether this process still is the manager that it took itself for. */
export interface Ownership {
  /** Resolves while it is certain, which may need a look at the store; what is done after it is not done by two processes. Rejects at the end of the engine. */
  sure(): Promise<void>;
  /** Writes a worker id down, before the scheduler hears of it first. Resolves once that is stored. */
  note(worker: WorkerId, profile: string): Promise<void>;
  /** The worker has left. */
  forget(worker: WorkerId): void;
}

/** For a backend whose jobs end with this process: nobody can take them over, so nothing is written down. */
export const ALONE: Ownership = {
  sure: () => Promise.resolve(),
  note: () => Promise.resolve(),
  forget: () => {},
};
