import { monotonicMs } from "../messages/clock.ts";
import { statField } from "../store/process-stat.ts";
import { residentBytes } from "./process-memory.ts";

const USER = 11;
const SYSTEM = 12;
/** The kernel counts processor time in hundredths of a second, whatever it counts itself in. */
const TICK_MS = 10;

/** How busy an executor was since it was asked last; zeros where the system does not say. */
export class CpuMeter {
  #pid = 0;
  #cpuMs = 0;
  #at = 0;

  read(pid: number): { readonly cpuPercent: number; readonly rssBytes: number } {
    const cpuMs = TICK_MS * (Number(statField(pid, USER) ?? 0) + Number(statField(pid, SYSTEM) ?? 0));
    const now = monotonicMs();
    const known = pid === this.#pid && now > this.#at;
    const cpuPercent = known ? Math.round((1_000 * (cpuMs - this.#cpuMs)) / (now - this.#at)) / 10 : 0;
    this.#pid = pid;
    this.#cpuMs = cpuMs;
    this.#at = now;
    return { cpuPercent: Math.max(0, cpuPercent), rssBytes: residentBytes(pid) ?? 0 };
  }
}
