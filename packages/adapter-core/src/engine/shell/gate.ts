/** Options of {@link Gate}. */
export interface GateOptions {
  /** Holders at once. */
  readonly most: number;
  /** Bytes that holders may have declared at once; one that alone has more passes alone. @default no limit */
  readonly mostBytes?: number;
}

/** Lets so many in at once, in order of arrival. */
export class Gate {
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #waiting: { readonly bytes: number; readonly pass: () => void }[] = [];
  #inside = 0;
  #bytes = 0;

  constructor(options: GateOptions) {
    this.#most = options.most;
    this.#mostBytes = options.mostBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Resolves once inside, to the function that leaves again (once is enough; more are ignored). */
  async enter(bytes = 0): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      await new Promise<void>((pass) => this.#waiting.push({ bytes, pass }));
    } else {
      this.#take(bytes);
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= 1;
      this.#bytes -= bytes;
      this.#admit();
    };
  }

  #fits(bytes: number): boolean {
    return this.#inside === 0 || (this.#inside < this.#most && this.#bytes + bytes <= this.#mostBytes);
  }

  #take(bytes: number): void {
    this.#inside += 1;
    this.#bytes += bytes;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#take(next.bytes);
      next.pass();
    }
  }
}
