/** Most calls that are kept one by one; counts go on. */
const MOST = 500_000;

/** One call of an API. */
export interface ApiCall {
  readonly operation: string;
  /** Milliseconds since the emulator started. */
  readonly atMs: number;
  /** HTTP status of the answer, 0 when the connection was cut instead. */
  readonly status: number;
  /** Code of the error, if it was one. */
  readonly code?: string | undefined;
}

/** What was called, when, and how it was answered. */
export class CallLog {
  #calls: ApiCall[] = [];
  #counts: Record<string, number> = {};

  add(call: ApiCall): void {
    this.#counts[call.operation] = (this.#counts[call.operation] ?? 0) + 1;
    if (this.#calls.length < MOST) this.#calls.push(call);
  }

  get calls(): readonly ApiCall[] {
    return this.#calls;
  }

  /** Calls of each operation, refused ones too. */
  get counts(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  /** Most calls that began within any one second; of one operation, or of all. */
  maxPerSecond(operation?: string): number {
    const times = this.#calls
      .filter((call) => operation === undefined || call.operation === operation)
      .map(({ atMs }) => atMs)
      .toSorted((a, b) => a - b);
    let most = 0;
    let first = 0;
    for (const [last, at] of times.entries()) {
      while ((times[first] ?? at) <= at - 1_000) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }

  reset(): void {
    this.#calls = [];
    this.#counts = {};
  }
}
