import type { FailureKind } from "@scaler-aws-hpc/adapter-core";

/** What the live line tells; counters since the start, `EngineStats` fits. */
export interface Status {
  readonly connected: number;
  readonly queued: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Children that failed, by reason. */
  readonly failures?: Readonly<Partial<Record<FailureKind, number>>>;
  /** Attempts that the backend repeated by itself. */
  readonly nativeRetries?: number;
  /** Jobs of an earlier process that were taken over. */
  readonly adoptedJobs?: number;
  /** Children by state, in the backend's words. */
  readonly children?: Readonly<Record<string, number>> | undefined;
}

/** Tasks per second over the last few seconds, from readings of a counter that only grows. */
export class Rate {
  readonly #windowMs: number;
  readonly #readings: { readonly atMs: number; readonly count: number }[] = [];

  constructor(windowMs = 5_000) {
    this.#windowMs = windowMs;
  }

  /** Adds a reading and tells the rate. @param nowMs monotonic milliseconds. */
  read(count: number, nowMs: number): number {
    this.#readings.push({ atMs: nowMs, count });
    while (this.#readings.length > 2 && nowMs - (this.#readings[1]?.atMs ?? nowMs) >= this.#windowMs)
      this.#readings.shift();
    const [first] = this.#readings;
    if (first === undefined || nowMs <= first.atMs) return 0;
    return ((count - first.count) * 1_000) / (nowMs - first.atMs);
  }
}

/** The live line's text. */
export function statusText(address: string, status: Status, tasksPerSecond: number, stopping: boolean): string {
  const state = stopping ? "draining" : status.connected > 0 ? `connected to ${address}` : `connecting to ${address}`;
  const counts = [
    `${status.queued} queued`,
    `${status.running} running`,
    `${status.done} done`,
    ...(status.failed > 0 ? [`${status.failed} failed`] : []),
    ...(status.cancelled > 0 ? [`${status.cancelled} cancelled`] : []),
    ...counted("restarted", status.nativeRetries),
    ...counted("spot losses", status.failures?.spot),
    ...counted("host losses", status.failures?.host),
    ...counted("jobs taken over", status.adoptedJobs),
    ...childrenText(status.children),
    `${tasksPerSecond.toFixed(tasksPerSecond < 10 ? 1 : 0)}/s`,
  ];
  return `${state} · ${counts.join(" · ")}`;
}

const counted = (what: string, count = 0): readonly string[] => (count > 0 ? [`${count} ${what}`] : []);

/** `RUNNABLE 3 RUNNING 97` */
function childrenText(children: Status["children"] = {}): readonly string[] {
  const states = Object.entries(children).filter(([, count]) => count > 0);
  return states.length === 0 ? [] : [states.map(([state, count]) => `${state} ${count}`).join(" ")];
}
