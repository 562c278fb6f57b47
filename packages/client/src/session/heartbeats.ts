import { hostname } from "node:os";
import type { ClientHeartbeat } from "@scaler-aws-hpc/scaler-protocol";
import { type ClientClock, systemClock } from "../outside/clock.ts";

/** How often a client says that it is there, and how long it believes that the scheduler is. */
export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** Silence after which the scheduler counts as lost. */
  readonly timeoutMs: number;
  readonly send: (heartbeat: ClientHeartbeat) => void;
  readonly onSilence: () => void;
  /** @default real time */
  readonly clock?: ClientClock;
}

const MAX_PERMILLE = 0xffff;

/** Sends a heartbeat each interval, never while an echo is outstanding, as the released client does. */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  readonly #hostname = hostname();
  readonly #clock: ClientClock;
  #stop: (() => void) | undefined;
  #awaitedSince: number | undefined;
  #heardAt: number;
  #tickedAt: number;
  #latencyMicroseconds = 0;
  #cpu = process.cpuUsage();
  #cpuAt: number;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#heardAt = this.#tickedAt = this.#cpuAt = this.#clock.now();
  }

  /** Sends the first one at once. */
  start(): void {
    this.#beat();
    this.#stop = this.#clock.every(this.#options.intervalMs, () => this.#tick());
  }

  onEcho(): void {
    this.#heardAt = this.#clock.now();
    if (this.#awaitedSince === undefined) return;
    this.#latencyMicroseconds = Math.round(((this.#heardAt - this.#awaitedSince) * 1000) / 2);
    this.#awaitedSince = undefined;
  }

  stop(): void {
    this.#stop?.();
  }

  #tick(): void {
    const now = this.#clock.now();
    // A program that computed for so long could not hear anybody: what waits in the socket comes first.
    if (now - this.#tickedAt > 2 * this.#options.intervalMs) this.#heardAt = now;
    this.#tickedAt = now;
    if (now - this.#heardAt > this.#options.timeoutMs) {
      this.stop();
      this.#options.onSilence();
    } else if (this.#awaitedSince === undefined) {
      this.#beat();
    }
  }

  #beat(): void {
    const now = this.#clock.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(1, now - this.#cpuAt);
    this.#cpu = process.cpuUsage();
    this.#cpuAt = now;
    this.#awaitedSince = now;
    this.#options.send({
      kind: "clientHeartbeat",
      resource: {
        cpuPermille: Math.min(MAX_PERMILLE, Math.round((user + system) / elapsedMs)),
        rssBytes: process.memoryUsage.rss(),
      },
      latencyMicroseconds: this.#latencyMicroseconds,
      hostname: this.#hostname,
    });
  }
}
