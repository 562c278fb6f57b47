import type { EndCause, ExecutorThread } from "./executor-thread.ts";
import type { MemoryLimits } from "./memory-limits.ts";

const MIB = 1024 * 1024;
/** What a thread may always take, in bytes: what the process held before is not its own. */
const LEAST_GROWTH = 64 * MIB;

/** Ends a thread whose task takes more memory than it may, before that takes the whole process down. */
export class MemoryWatch {
  readonly #thread: ExecutorThread;
  readonly #limits: MemoryLimits;
  readonly #residentAtStart = process.memoryUsage.rss();
  #asking = false;

  constructor(thread: ExecutorThread, limits: MemoryLimits) {
    this.#thread = thread;
    this.#limits = limits;
  }

  /** Looks once; the thread is ended now or in a moment. */
  look(): void {
    const { residentBytes, heapMiB, source } = this.#limits;
    const resident = process.memoryUsage.rss();
    if (resident >= Math.max(residentBytes, this.#residentAtStart + LEAST_GROWTH)) {
      const [held, limit] = [resident, residentBytes].map((bytes) => Math.round(bytes / MIB));
      this.#thread.end(oom(`the runner held ${held} MiB, its limit is ${limit} MiB (${source})`));
    } else if (!this.#asking && resident - this.#residentAtStart > (heapMiB * MIB) / 2) void this.#lookAtHeap();
  }

  async #lookAtHeap(): Promise<void> {
    this.#asking = true;
    const used = await this.#thread.heapBytes();
    this.#asking = false;
    if (used > this.#limits.heapMiB * MIB) this.#thread.end(heapOom(this.#limits));
  }
}

/** A task that filled the JavaScript heap. */
export const heapOom = ({ heapMiB, source }: MemoryLimits): EndCause =>
  oom(`the task needed more than its limit of ${heapMiB} MiB of JavaScript heap (${source})`);

const oom = (text: string): EndCause => ({ kind: "oom", reason: `out of memory: ${text}` });
