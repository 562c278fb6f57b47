import type { EndCause } from "./executor-process.ts";
import type { MemoryLimits } from "./memory-limits.ts";
import { residentBytes } from "./process-memory.ts";

const MIB = 1024 * 1024;
/** What an executor may always take, in bytes: what both held before is not its own. */
const LEAST_GROWTH = 64 * MIB;
/** Who held so much of what there is when it got a SIGKILL was killed for it. */
const MOST = 0.8;

/** Looks at the memory of an executor and of this process. Where the system does not tell it, V8's limit of the heap is all there is. */
export class MemoryWatch {
  readonly #limits: () => MemoryLimits;
  #atStart: number | undefined;
  #peak = 0;
  #last = 0;

  constructor(limits: () => MemoryLimits) {
    this.#limits = limits;
  }

  /** Most that the executor was seen to hold, in bytes. */
  get peakBytes(): number {
    return this.#peak;
  }

  /** Why it has to be ended now, if it has to. */
  look(pid: number): EndCause | undefined {
    const own = residentBytes(pid);
    if (own === undefined) return undefined;
    const all = own + process.memoryUsage.rss();
    this.#atStart ??= all;
    this.#peak = Math.max(this.#peak, own);
    this.#last = all;
    const { residentBytes: limit, source } = this.#limits();
    if (all < Math.max(limit, this.#atStart + LEAST_GROWTH)) return undefined;
    const [held, most] = [all, limit].map((bytes) => Math.round(bytes / MIB));
    return oom(`the runner held ${held} MiB, its limit is ${most} MiB (${source})`);
  }

  /** Whether a SIGKILL that nobody here sent looks like the kernel's, for want of memory. */
  get wasFull(): boolean {
    return this.#last >= MOST * this.#limits().machineBytes;
  }
}

/** A task that filled the JavaScript heap. */
export const heapOom = ({ heapMiB, source }: MemoryLimits): EndCause =>
  oom(`the task needed more than its limit of ${heapMiB} MiB of JavaScript heap (${source})`);

const oom = (text: string): EndCause => ({ kind: "oom", reason: `out of memory: ${text}` });
