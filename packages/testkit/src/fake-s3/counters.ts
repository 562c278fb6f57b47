import type { S3Operation } from "./call.ts";

/** Most keys that are counted one by one: the rest only by operation. */
const MOST_KEYS = 200_000;

/** Requests of each operation. */
export type S3Counts = Readonly<Partial<Record<S3Operation, number>>>;

/** Counts requests by operation, by key and by who signed them. */
export class S3Counters {
  #all: Partial<Record<S3Operation, number>> = {};
  readonly #byKey = new Map<string, Partial<Record<S3Operation, number>>>();
  readonly #byCaller = new Map<string, Partial<Record<S3Operation, number>>>();

  add(operation: S3Operation, key: string, caller: string): void {
    bump(this.#all, operation);
    bump(entry(this.#byCaller, caller), operation);
    if (key !== "" && (this.#byKey.size < MOST_KEYS || this.#byKey.has(key))) bump(entry(this.#byKey, key), operation);
  }

  get all(): S3Counts {
    return { ...this.#all };
  }

  /** By access key: that of the test is not that of the containers. */
  get byCaller(): Readonly<Record<string, S3Counts>> {
    return Object.fromEntries(this.#byCaller);
  }

  of(key: string): S3Counts {
    return { ...this.#byKey.get(key) };
  }

  reset(): void {
    this.#all = {};
    this.#byKey.clear();
    this.#byCaller.clear();
  }
}

function entry(
  map: Map<string, Partial<Record<S3Operation, number>>>,
  name: string,
): Partial<Record<S3Operation, number>> {
  const counts = map.get(name) ?? {};
  map.set(name, counts);
  return counts;
}

function bump(counts: Partial<Record<S3Operation, number>>, operation: S3Operation): void {
  counts[operation] = (counts[operation] ?? 0) + 1;
}
