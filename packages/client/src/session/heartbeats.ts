import { hostname } from "node:os";
import type { ClientHeartbeat } from "@scaler-aws-hpc/scaler-protocol";
import { type ClientClock, systemClock } from "../outside/clock.ts";

/** How often a client says that it is there, and how long it believes that the scheduler is. */
export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** Silence after which the scheduler counts as lost, and this client does for the scheduler. */
  readonly timeoutMs: number;
  readonly send: (heartbeat: ClientHeartbeat) => void;
  /** Called once, with what happened. */
  readonly onLost: (why: string) => void;
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
  /** Whether the last one has no echo so far. */
  #awaited = false;
  #sentAt: number;
  #late = false;
  #latencyMicroseconds = 0;
  #cpu = process.cpuUsage();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sentAt = this.#clock.now();
  }

  /** Sends the first one at once. */
  start(): void {
    this.#beat();
    this.#stop = this.#clock.every(this.#options.intervalMs, () => this.#tick());
  }

  onEcho(): void {
    if (!this.#awaited) return;
    this.#awaited = false;
    this.#latencyMicroseconds = Math.round(((this.#clock.now() - this.#sentAt) * 1000) / 2);
  }

  stop(): void {
    this.#stop?.();
  }

  /** A scheduler that heard nothing for so long has canceled the client's tasks and deleted its objects, without a word: because it is not there, or because this program computed. */
  #tick(): void {
    const { timeoutMs } = this.#options;
    const unheardMs = this.#clock.now() - this.#sentAt;
    if (this.#late) this.#lose(Math.round(unheardMs));
    // What waits in the socket of a program that computed comes first.
    else if (unheardMs > timeoutMs) this.#late = true;
    else if (!this.#awaited) this.#beat();
  }

  #lose(unheardMs: number): void {
    this.stop();
    const { timeoutMs, onLost } = this.#options;
    const program = `this program did nothing else for ${unheardMs} ms, and after ${timeoutMs} ms without a heartbeat (timeoutMs) a scheduler gives a client up`;
    onLost(this.#awaited ? `it was silent for ${timeoutMs} ms` : program);
  }

  #beat(): void {
    const now = this.#clock.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(1, now - this.#sentAt);
    this.#cpu = process.cpuUsage();
    this.#sentAt = now;
    this.#awaited = true;
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
