/**
 * Every fault and every way to recover from one. A run of many seeds in which one of them never happened has proved nothing about it, so
 * it fails.
 */
export const SOMETIMES = [
  // links
  "link reset",
  "link closed by the scheduler",
  "black hole",
  "one-way loss",
  "partition",
  "all links cut at once",
  "slow link",
  "message lost with its link",
  "message sent into a gap",
  "message kept for a lost peer",
  "silent link given up by the core",
  "worker resumed",
  "resumed worker left",
  "worker timed out",
  "worker came back too late",
  // scheduler and clients
  "scheduler restarted",
  "scheduler behind",
  "workers wished away",
  "workers wished back",
  "old scheduler ended by an open cancel",
  "cluster shut down",
  "client died",
  "more tasks than room",
  "balance storm",
  "balance cancel answered canceled",
  "balance cancel answered cancelFailed",
  "cancel of a task that had not started",
  "cancel of a task being staged",
  "cancel of a task in a child",
  "cancel of a finished task",
  "cancel of an answered task",
  "task came again to a worker of ours",
  "task came again while its child ran",
  "task came again after it had finished",
  "other worker ran a task",
  // staging and submitting
  "inspect failed",
  "staging failed",
  "staging refused",
  "object late",
  "object missing",
  "task deferred by bytes",
  "submit failed",
  "submit refused",
  "submit answer lost",
  "child event before its submit answer",
  // children
  "pack of several",
  "child lost to spot",
  "child lost to its host",
  "child image failed",
  "child lost",
  "child definition refused",
  "only single tasks tried",
  "child died unnamed",
  "child out of memory",
  "child timed out",
  "native retry",
  "frames of two attempts",
  "task named as exited",
  "task named as killed",
  "innocent named as killed",
  "task named as out of memory",
  "task named as timed out",
  "tasks handed back",
  "frame corrupt",
  "hint lost",
  "hint repeated",
  "hints out of order",
  "child cancelled",
  "task revoked while running",
  "task revoked before it ran",
  "revoke came too late",
  // deliveries
  "result slow to store",
  "result store failed",
  "delivery failed for good",
  "delivery abandoned",
  "result sent into a dead link",
  "result sent again after a break",
  "result handled twice by the scheduler",
  "logs sent",
  // the process
  "manager crashed",
  "manager released old ids after a crash",
  "manager killed over a live child",
  "manager back in its workers' life",
  "manager back too late for its workers",
  "submit of a killed manager arrived",
  "submit of a killed manager was lost",
  "bundle without a job",
  "live job taken over",
  "stored frame taken over",
  "native retry while no manager lived",
  "task came again to a job that was taken over",
  "unclaimed child of an earlier manager stopped",
  "handed off",
  "manager stalled",
  "manager stalled beyond the worker's life",
  "drained",
  "stopped",
  "drained while tasks ran",
] as const;

/** One of {@link SOMETIMES}. */
export type Sometimes = (typeof SOMETIMES)[number];

/** How often each of a list of faults and recoveries happened. */
export class Coverage<What extends string = Sometimes> {
  readonly counts = new Map<What, number>();
  readonly #all: readonly What[];

  constructor(all: readonly What[]) {
    this.#all = all;
  }

  add(what: What, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  addAll(other: Coverage<What>): void {
    for (const [what, times] of other.counts) this.add(what, times);
  }

  /** What never happened. */
  missing(): readonly What[] {
    return this.#all.filter((what) => !this.counts.has(what));
  }

  /** A line for each, rarest first. */
  table(): string {
    const rows = this.#all.map((what) => [this.counts.get(what) ?? 0, what] as const).sort((a, b) => a[0] - b[0]);
    return rows.map(([times, what]) => `${String(times).padStart(10)}  ${what}`).join("\n");
  }
}
