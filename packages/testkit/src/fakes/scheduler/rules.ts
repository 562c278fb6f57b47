/** What differs between released schedulers, as far as a worker can tell. */
export interface SchedulerRules {
  /** Reports on a task count only when they come from the worker that holds it; else they are matched by the task's id alone. */
  readonly reportsOnlyFromHolder: boolean;
  /** `cancelNotFound` frees the worker's room for the task, and ends a balance move; else the room is lost and the task hangs. */
  readonly notFoundReleases: boolean;
  /** Cancels that are sent for a client that is gone are forced. */
  readonly deathForces: boolean;
  /** Balance advice is acted upon once, when it stood for two rounds; else at once, and again in every round from the third on. */
  readonly balancesOnce: boolean;
  /** A worker that goes while a cancel sent to it is unanswered ends the whole scheduler. */
  readonly openCancelCrashes: boolean;
  /** Time without a heartbeat after which a worker's tasks go to others, in milliseconds. */
  readonly workerTimeoutMs: number;
}

/** Read in the released 2.9.0, and compared with it by the differential test. */
export const RULES_2_9_0: SchedulerRules = {
  reportsOnlyFromHolder: true,
  notFoundReleases: true,
  deathForces: true,
  balancesOnce: true,
  openCancelCrashes: false,
  workerTimeoutMs: 60_000,
};

/** Read in the released 2.6.0, and compared with it by the differential test. */
export const RULES_2_6_0: SchedulerRules = {
  reportsOnlyFromHolder: false,
  notFoundReleases: false,
  deathForces: false,
  balancesOnce: false,
  openCancelCrashes: true,
  workerTimeoutMs: 60_000,
};
