import type { Clock } from "../../contracts/host.ts";
import type { ProfileSpec } from "../../contracts/plugin.ts";
import type { EngineEffect } from "../core/effect.ts";
import type { Heartbeat, ResourcesPort, SlotStatus } from "../ports.ts";
import type { Child, JobBook } from "./job-book.ts";
import type { Links } from "./links.ts";

const IDLE: SlotStatus = {
  pid: 0,
  hasTask: false,
  taskId: undefined,
  taskAgeSeconds: 0,
  cpuPermille: 0,
  rssBytes: 0,
};
/** Monitors draw a line per slot; beyond this a heartbeat would grow for nobody. */
const MOST_SLOTS = 256;
const MOST_PERMILLE = 65_535;

/** Options of {@link HeartbeatReport}. */
export interface HeartbeatReportOptions {
  readonly clock: Clock;
  readonly book: JobBook;
  readonly links: Links;
  readonly resources: ResourcesPort;
  readonly profiles: readonly ProfileSpec[];
  readonly workerManagerId: string;
}

/** Fills a heartbeat with what monitors show: this process, and the slots of the worker. */
export class HeartbeatReport {
  readonly #options: HeartbeatReportOptions;

  constructor(options: HeartbeatReportOptions) {
    this.#options = options;
  }

  fill(effect: Extract<EngineEffect, { type: "heartbeat" }>): Heartbeat {
    const { resources, profiles, workerManagerId } = this.#options;
    const profile = profiles.find((one) => one.name === effect.profile);
    const { hostname, memoryFreeBytes, memoryLimitBytes, cpuPermille, rssBytes } = resources.sample();
    return {
      type: "heartbeat",
      agent: { cpuPermille, rssBytes },
      ...{ memoryFreeBytes, memoryLimitBytes, hostname, workerManagerId },
      queueSize: effect.queueSize,
      queuedTasks: effect.queued,
      latencyMs: effect.latencyMs,
      full: effect.full,
      slots: this.#slots(effect.worker, effect.profile, profile?.slots ?? 0),
      capabilities: profile?.capabilities ?? {},
    };
  }

  /** The workers of a profile share its slots, so each shows every n-th of them: together they show each slot once. */
  #slots(worker: string, profile: string, slots: number): SlotStatus[] {
    const workers = this.#options.links.of(profile);
    const mine = Math.max(
      0,
      workers.findIndex((one) => one.worker === worker),
    );
    const children = this.#options.book.running(profile);
    const shown: SlotStatus[] = [];
    for (let at = mine; at < slots && shown.length < MOST_SLOTS; at += Math.max(1, workers.length)) {
      const child = children[at];
      shown.push(child === undefined ? IDLE : this.#status(child));
    }
    return shown;
  }

  #status({ progress, tasks }: Child): SlotStatus {
    if (progress === undefined) return { ...IDLE, hasTask: true };
    const { task, pid, taskAgeMs, rssBytes, cpuPercent, at } = progress;
    const taskId = task === undefined ? undefined : tasks[task];
    return {
      pid,
      hasTask: taskId !== undefined,
      taskId,
      taskAgeSeconds: taskId === undefined ? 0 : Math.floor((taskAgeMs + this.#options.clock.now() - at) / 1_000),
      cpuPermille: Math.max(0, Math.min(MOST_PERMILLE, Math.round(cpuPercent * 10))),
      rssBytes,
    };
  }
}
