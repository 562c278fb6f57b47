import { monotonicMs } from "../threads/shared-state.ts";

/** How busy this process was since it was asked last. */
export class CpuMeter {
  #cpuMicros = 0;
  #at = 0;

  read(): { readonly cpuPercent: number; readonly rssBytes: number } {
    const { user, system } = process.cpuUsage();
    const now = monotonicMs();
    const micros = user + system;
    const elapsed = (now - this.#at) * 1_000;
    const cpuPercent = elapsed > 0 ? Math.round((1_000 * (micros - this.#cpuMicros)) / elapsed) / 10 : 0;
    this.#cpuMicros = micros;
    this.#at = now;
    return { cpuPercent: Math.max(0, cpuPercent), rssBytes: process.memoryUsage.rss() };
  }
}
