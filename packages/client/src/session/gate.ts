/** Lets through unless somebody has it shut; several may at once. */
export class Gate {
  #shut = 0;
  #open: PromiseWithResolvers<void> | undefined;

  /** Resolves once nobody has it shut. */
  async passed(): Promise<void> {
    while (this.#open !== undefined) await this.#open.promise;
  }

  /** Whether it is shut. */
  get closed(): boolean {
    return this.#open !== undefined;
  }

  /** Shuts it while `work` goes on. */
  async during(work: () => Promise<void>): Promise<void> {
    this.#shut += 1;
    this.#open ??= Promise.withResolvers<void>();
    try {
      await work();
    } finally {
      this.#shut -= 1;
      this.#reopen();
    }
  }

  #reopen(): void {
    if (this.#shut > 0) return;
    this.#open?.resolve();
    this.#open = undefined;
  }
}
