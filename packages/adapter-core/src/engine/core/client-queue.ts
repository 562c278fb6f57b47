import type { Work } from "./work.ts";

interface Entry {
  readonly work: Work;
  readonly ticket: number;
}

interface Bucket {
  readonly priority: number;
  /** Put back, to be taken first; the last one goes first. */
  front: Entry[];
  entries: Entry[];
  head: number;
}

const stale = (entry: Entry): boolean => entry.work.ticket !== entry.ticket || entry.work.state !== "queued";

/**
 * The ready tasks of one client in one profile: larger priority first, then order of arrival. Removal is O(1): a work that leaves the queue
 * raises its ticket, and the entry left behind is skipped, or swept once such entries outnumber the rest.
 */
export class ClientQueue {
  /** In descending order of priority; clients use a handful. */
  readonly #buckets: Bucket[] = [];
  #size = 0;
  #entries = 0;

  /** Works in the queue. */
  get size(): number {
    return this.#size;
  }

  /** Adds a work at the end of its priority, or before all others of it. */
  add(work: Work, where: "back" | "front" = "back"): void {
    work.state = "queued";
    work.ticket += 1;
    const bucket = this.#bucket(work.task.priority);
    const entry = { work, ticket: work.ticket };
    if (where === "front") bucket.front.push(entry);
    else bucket.entries.push(entry);
    this.#size += 1;
    this.#entries += 1;
  }

  /** Takes a queued work out, wherever it stands. */
  remove(work: Work): void {
    work.ticket += 1;
    this.#size -= 1;
    if (this.#entries > 64 && this.#entries > 2 * this.#size) this.#sweep();
  }

  /** The work that goes next. */
  peek(): Work | undefined {
    for (let at = 0; at < this.#buckets.length; ) {
      const bucket = this.#buckets[at] as Bucket;
      const entry = this.#first(bucket);
      if (entry !== undefined) return entry.work;
      this.#buckets.splice(at, 1);
    }
    return undefined;
  }

  /** Takes the work that goes next. */
  take(): Work | undefined {
    const work = this.peek();
    if (work !== undefined) this.remove(work);
    return work;
  }

  #first(bucket: Bucket): Entry | undefined {
    for (let entry = bucket.front.at(-1); entry !== undefined; entry = bucket.front.at(-1)) {
      if (!stale(entry)) return entry;
      bucket.front.pop();
      this.#entries -= 1;
    }
    while (bucket.head < bucket.entries.length) {
      const entry = bucket.entries[bucket.head] as Entry;
      if (!stale(entry)) return entry;
      bucket.head += 1;
      this.#entries -= 1;
      if (bucket.head >= 1_024 && bucket.head * 2 > bucket.entries.length) {
        bucket.entries = bucket.entries.slice(bucket.head);
        bucket.head = 0;
      }
    }
    return undefined;
  }

  #bucket(priority: number): Bucket {
    let at = 0;
    while (at < this.#buckets.length && (this.#buckets[at] as Bucket).priority > priority) at += 1;
    const found = this.#buckets[at];
    if (found !== undefined && found.priority === priority) return found;
    const bucket: Bucket = { priority, front: [], entries: [], head: 0 };
    this.#buckets.splice(at, 0, bucket);
    return bucket;
  }

  #sweep(): void {
    this.#entries = 0;
    for (const bucket of this.#buckets) {
      bucket.front = bucket.front.filter((entry) => !stale(entry));
      bucket.entries = bucket.entries.slice(bucket.head).filter((entry) => !stale(entry));
      bucket.head = 0;
      this.#entries += bucket.front.length + bucket.entries.length;
    }
  }
}
