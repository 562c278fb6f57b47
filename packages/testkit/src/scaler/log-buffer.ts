/** The last lines that a process printed; bounded, so that a chatty server cannot fill the memory of a long test. */
export class LogBuffer {
  #text = "";
  readonly #limit: number;
  readonly #watchers = new Set<() => void>();

  /** @param limit Characters kept. @default 1_000_000 */
  constructor(limit = 1_000_000) {
    this.#limit = limit;
  }

  /** Everything that is kept. */
  get text(): string {
    return this.#text;
  }

  append(chunk: string): void {
    this.#text = (this.#text + chunk).slice(-this.#limit);
    for (const watcher of this.#watchers) watcher();
  }

  /** The last lines, for the text of an error. */
  tail(lines = 30): string {
    return this.#text.trimEnd().split("\n").slice(-lines).join("\n");
  }

  /** Calls `watcher` after each chunk until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
