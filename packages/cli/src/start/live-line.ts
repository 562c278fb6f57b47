/** A terminal that a line can be kept on: `process.stderr` fits. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number | undefined;
}

const CLEAR = "\r\u001b[2K";

/**
 * One line at the bottom of a terminal, drawn again as it changes. Whatever else is written goes through {@link LiveLine.above}, so that it
 * scrolls past.
 */
export class LiveLine implements Disposable {
  readonly #terminal: Terminal;
  readonly #render: () => string;
  readonly #timer: NodeJS.Timeout;
  #shown = "";

  /** @param everyMs time between drawings, in milliseconds. */
  constructor(terminal: Terminal, render: () => string, everyMs = 250) {
    this.#terminal = terminal;
    this.#render = render;
    this.#timer = setInterval(() => this.#draw(), everyMs).unref();
    this.#draw();
  }

  /** Writes text that ends with a newline above the line. */
  above(text: string): void {
    this.#terminal.write(`${this.#shown === "" ? "" : CLEAR}${text}${this.#shown}`);
  }

  /** Draws the line a last time and leaves it there. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#shown === "") return;
    this.#draw();
    this.#terminal.write("\n");
    this.#shown = "";
  }

  #draw(): void {
    // One column stays free: a full line would wrap on some terminals, and could not be cleared. A terminal without a size says 0.
    const line = cut(this.#render(), Math.max(10, (this.#terminal.columns || 80) - 1));
    if (line === this.#shown) return;
    this.#terminal.write(CLEAR + line);
    this.#shown = line;
  }
}

/** Shows that something is missing: half a number would be read as another number. */
const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);
