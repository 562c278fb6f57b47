import type { FailureKind } from "../../contracts/backend.ts";
import type { DeciderStats } from "../ports.ts";

/** What happened since the engine opened, and what it holds now. */
export interface EngineStats {
  /** Workers connected now, and how many should be. */
  readonly connected: number;
  readonly workers: number;
  /** Assignments received. */
  readonly received: number;
  /** Tasks that returned, and tasks that raised or could not be run. */
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Attempts that were repeated for reasons that were not the task's own. */
  readonly retried: number;
  /** Tasks in submitted children, and tasks that wait to be started. */
  readonly running: number;
  readonly queued: number;
  /** Messages that were well-formed and unknown. */
  readonly unknownMessages: number;
  /** Connections closed because of bytes that broke the format or a limit. */
  readonly malformedFrames: number;
  /** Result frames that were not what a runner of ours wrote. */
  readonly corruptFrames: number;
  /** Connections that broke. */
  readonly brokenLinks: number;
  /** Calls of the payload store that failed and were tried again. */
  readonly storageRetries: number;
  /** Jobs of an earlier process that were taken over at the start. */
  readonly adoptedJobs: number;
  /** Jobs that the backend ran for nobody, and that were stopped. */
  readonly orphans: number;
  /** How many processes have held this manager's id, this one included; 0 where no lease is kept. */
  readonly epoch: number;
  /** Attempts of children that the backend repeated by itself: a machine that went away, a container that did not start. */
  readonly nativeRetries: number;
  /** Children that failed, by reason. */
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** Children by state in the backend's own words, where it tells. */
  readonly children: Readonly<Record<string, number>> | undefined;
}

/** What the shell itself counts. */
export interface Counters {
  connected: number;
  workers: number;
  unknownMessages: number;
  malformedFrames: number;
  corruptFrames: number;
  brokenLinks: number;
  storageRetries: number;
  adoptedJobs: number;
  orphans: number;
  epoch: number;
}

/** All zero. */
export function newCounters(): Counters {
  return {
    ...{ connected: 0, workers: 0, unknownMessages: 0, malformedFrames: 0, corruptFrames: 0, brokenLinks: 0 },
    ...{ storageRetries: 0, adoptedJobs: 0, orphans: 0, epoch: 0 },
  };
}

/** The shell's counters, the core's and the backend's as one. */
export function statsOf(
  counters: Counters,
  core: DeciderStats | undefined,
  children: EngineStats["children"],
): EngineStats {
  return {
    ...counters,
    children,
    received: core?.received ?? 0,
    done: core?.succeeded ?? 0,
    failed: core?.failed ?? 0,
    cancelled: core?.canceled ?? 0,
    retried: core?.retried ?? 0,
    running: core?.running ?? 0,
    queued: core?.queued ?? 0,
    nativeRetries: core?.nativeRetries ?? 0,
    failures: core?.failures ?? {},
  };
}
