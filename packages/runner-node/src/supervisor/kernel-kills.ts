import { memoryFiles, textOf } from "./control-groups.ts";

/** Tells a SIGKILL for want of memory, by what the kernel counts. */
export class KernelKills {
  readonly #root: string;
  #file: string | undefined;
  #seen = 0;

  constructor(root = "") {
    this.#root = root;
  }

  /** Counts from now on; once. */
  watch(): void {
    if (this.#file !== undefined) return;
    this.#file = this.#find() ?? "";
    this.#seen = this.#count();
  }

  /** Whether there were any since it was asked last. */
  more(): boolean {
    const before = this.#seen;
    this.#seen = this.#count();
    return this.#seen > before;
  }

  #find(): string | undefined {
    const files = [...memoryFiles("memory.events", "memory.oom_control", this.#root), `${this.#root}/proc/vmstat`];
    return files.find((file) => killsIn(file) !== undefined);
  }

  #count(): number {
    return (this.#file && killsIn(this.#file)) || 0;
  }
}

function killsIn(file: string): number | undefined {
  const [, count] = /^oom_kill (\d+)$/m.exec(textOf(file) ?? "") ?? [];
  return count === undefined ? undefined : Number(count);
}
