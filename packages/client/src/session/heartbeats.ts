import { hostname } from "node:os";
import type { ClientHeartbeat } from "@scaler-aws-hpc/scaler-protocol";

/** How often a client says that it is there, and how long it believes that the scheduler is. */
export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** Silence after which the scheduler counts as lost. */
  readonly timeoutMs: number;
  readonly send: (heartbeat: ClientHeartbeat) => void;
  readonly onSilence: () => void;
}

const MAX_PERMILLE = 0xffff;

/** Sends a heartbeat each interval, never while an echo is outstanding, as the released client does. */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  readonly #hostname = hostname();
  #timer: NodeJS.Timeout | undefined;
  #awaitedSince: number | undefined;
  #heardAt = performance.now();
  #tickedAt = performance.now();
  #latencyMicroseconds = 0;
  #cpu = process.cpuUsage();
  #cpuAt = performance.now();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Sends the first one at once. */
  start(): void {
    this.#beat();
    this.#timer = setInterval(() => this.#tick(), this.#options.intervalMs);
  }

  onEcho(): void {
    this.#heardAt = performance.now();
    if (this.#awaitedSince === undefined) return;
    this.#latencyMicroseconds = Math.round(((this.#heardAt - this.#awaitedSince) * 1000) / 2);
    this.#awaitedSince = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
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
    const now = performance.now();
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
