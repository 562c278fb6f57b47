import { AdapterError } from "../contracts/adapter-error.ts";

/**
 * The calls under way on something that can be disposed of: refuses new ones once it is closed, and closing waits for the others.
 *
 * | state | `run` | `close` |
 * |---|---|---|
 * | open | runs | -> closing |
 * | closing | throws `unavailable` | joins the first call |
 * | closed | throws `unavailable` | resolves |
 */
export class OpenCalls {
  readonly #what: string;
  #count = 0;
  #closed = false;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** @param what named in the error of a late call, e.g. `the memory store`. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Throws `unavailable` after {@link close} was called. */
  assertOpen(): void {
    if (this.#closed) throw new AdapterError("unavailable", `${this.#what} is closed`);
  }

  /** Runs `work` as a call that {@link close} waits for. @throws {AdapterError} `unavailable` */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.assertOpen();
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#idle?.();
    }
  }

  /** Refuses new calls, waits for those under way, then runs `last` once. Every call resolves when the first one has. */
  close(last: () => Promise<void> = async () => undefined): Promise<void> {
    this.#closing ??= this.#close(last);
    return this.#closing;
  }

  async #close(last: () => Promise<void>): Promise<void> {
    this.#closed = true;
    if (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await last();
  }
}
