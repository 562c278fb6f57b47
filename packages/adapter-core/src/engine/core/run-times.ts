/** What is known of how long something takes, in milliseconds. */
export interface RunTime {
  readonly meanMs: number;
  /** Standard deviation; as large as the mean while too few runs are known to tell. */
  readonly spreadMs: number;
  /** How many runs this is known from. */
  readonly runs: number;
}

interface Measured {
  mean: number;
  /** The plain mean of recent runs, around which their variance is taken. */
  centre: number;
  variance: number;
  runs: number;
}

/** Fewer runs than this say little about how far apart they are: the short ones come first. */
const FEW_RUNS = 10;
/** Weights of the newest run: a slower one counts more than a faster one, because a pack that takes too long hurts more than one that is too small. */
const SLOWER = 0.3;
const FASTER = 0.1;
const NEWEST = 0.02;
/** No time is shorter, so that everybody may divide by it. */
const LEAST_MS = 0.001;

/**
 * Measured run times per function, keyed by the digest of the function's bytes (its object id is new in every client). Keeps the functions
 * used last; the mean follows recent runs, so that a function whose inputs grow is not packed by what it once took.
 */
export class RunTimes {
  readonly #measured = new Map<string, Measured>();
  readonly #capacity: number;

  constructor(capacity = 1_000) {
    this.#capacity = capacity;
  }

  /** Mean run time in milliseconds, or `undefined` for a function that never finished here. */
  mean(digest: string): number | undefined {
    return this.#measured.get(digest)?.mean;
  }

  /** The same with how far the runs are apart. */
  get(digest: string): RunTime | undefined {
    const measured = this.#measured.get(digest);
    if (measured === undefined) return undefined;
    const { mean, variance, runs } = measured;
    return { meanMs: mean, spreadMs: runs < FEW_RUNS ? mean : Math.sqrt(variance), runs };
  }

  /** Takes one run of `took` milliseconds into account; what took less than a clock can tell counts as {@link LEAST_MS}. */
  record(digest: string, took: number): void {
    const ms = Math.max(LEAST_MS, took);
    const measured = this.#measured.get(digest) ?? { mean: ms, centre: ms, variance: 0, runs: 0 };
    const off = ms - measured.mean;
    const aside = ms - measured.centre;
    measured.runs += 1;
    const newest = Math.max(NEWEST, 1 / measured.runs);
    measured.variance = (1 - newest) * (measured.variance + newest * aside * aside);
    measured.centre += newest * aside;
    measured.mean += (off > 0 ? SLOWER : FASTER) * off;
    this.#measured.delete(digest);
    this.#measured.set(digest, measured);
    if (this.#measured.size > this.#capacity) {
      const oldest = this.#measured.keys().next().value;
      if (oldest !== undefined) this.#measured.delete(oldest);
    }
  }
}
