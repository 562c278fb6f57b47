import { freemem, hostname, totalmem } from "node:os";
import type { ResourceSample, ResourcesPort } from "../ports.ts";

/** Name of this machine. */
export const HOST: string = hostname();

/** What this process uses, measured by Node itself: the processor share is that since the sample before. */
export class ProcessResources implements ResourcesPort {
  #cpu = process.cpuUsage();
  #at = performance.now();
  #cpuPermille = 0;

  sample(): ResourceSample {
    const now = performance.now();
    const elapsedMs = now - this.#at;
    // Workers beat in turn: a share over a few milliseconds would be noise.
    if (elapsedMs >= 500) {
      const used = process.cpuUsage(this.#cpu);
      this.#cpuPermille = Math.min(65_535, Math.round((used.user + used.system) / elapsedMs));
      this.#cpu = process.cpuUsage();
      this.#at = now;
    }
    // 0 or an absurd number where no control group limits this process.
    const limit = process.constrainedMemory();
    const limited = limit > 0 && limit < totalmem();
    return {
      cpuPermille: this.#cpuPermille,
      rssBytes: process.memoryUsage.rss(),
      memoryFreeBytes: limited ? process.availableMemory() : freemem(),
      memoryLimitBytes: limited ? limit : totalmem(),
      hostname: HOST,
    };
  }
}
