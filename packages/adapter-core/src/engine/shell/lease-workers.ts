import type { Clock } from "../../contracts/host.ts";
import type { LeaseWorker } from "../../formats/lease.ts";
import type { WorkerId } from "../core/ids.ts";

/** The scheduler forgets a worker that it has not heard for so long (its `worker_timeout_seconds`): nobody needs such an id. */
const FORGOTTEN_MS = 60_000;

interface Held {
  readonly profile: string;
  readonly since: number;
  /** Whether the scheduler may have heard of it; of an id that another process left, this is never excluded. */
  announced: boolean;
  /** When the scheduler answered it last, as far as is known. */
  heardAt: number;
}

/** A worker id, and how long the scheduler has not answered it, in milliseconds. */
export interface SilentWorker {
  readonly id: WorkerId;
  readonly profile: string;
  readonly silentMs: number;
}

/** The worker ids of a lease: which of them the scheduler may know, and how long it has not answered each. */
export class LeaseWorkers {
  readonly #clock: Clock;
  readonly #workers = new Map<WorkerId, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#workers.size;
  }

  has(worker: WorkerId): boolean {
    return this.#workers.has(worker);
  }

  list(): SilentWorker[] {
    return [...this.#workers].map(([id, worker]) => ({
      id,
      profile: worker.profile,
      silentMs: this.#silentMs(worker),
    }));
  }

  /** Takes up what an earlier process wrote down, instead of all that is there. */
  inherit(workers: readonly LeaseWorker[]): void {
    const now = this.#clock.now();
    this.#workers.clear();
    for (const { id, profile, silent = 0 } of workers) {
      this.#workers.set(id, { profile, since: now, announced: true, heardAt: now - silent });
    }
  }

  /** All were silent for longer than was known, by so many milliseconds. */
  age(ms: number): void {
    for (const worker of this.#workers.values()) worker.heardAt -= ms;
  }

  add(worker: WorkerId, profile: string): void {
    const now = this.#clock.now();
    this.#workers.set(worker, { profile, since: now, announced: false, heardAt: now });
  }

  announces(worker: WorkerId): void {
    const held = this.#workers.get(worker);
    if (held !== undefined) held.announced = true;
  }

  heard(worker: WorkerId): void {
    const held = this.#workers.get(worker);
    if (held !== undefined) held.heardAt = this.#clock.now();
  }

  delete(worker: WorkerId): void {
    this.#workers.delete(worker);
  }

  clear(): void {
    this.#workers.clear();
  }

  /** Ids that were left by the owner before and that nobody opened again. */
  prune(keeps: (worker: WorkerId) => boolean): void {
    const before = this.#clock.now() - FORGOTTEN_MS;
    this.#dropIf(({ since }, worker) => since < before && !keeps(worker));
  }

  /** Ids whose workers the scheduler has given up. One that still tries to connect is no use to the next process either. */
  dropForgotten(): void {
    this.#dropIf((worker) => this.#silentMs(worker) > FORGOTTEN_MS);
  }

  /** Ids that the scheduler never heard of. */
  dropUnannounced(): void {
    this.#dropIf(({ announced }) => !announced);
  }

  #dropIf(drops: (held: Held, worker: WorkerId) => boolean): void {
    for (const [worker, held] of this.#workers) if (drops(held, worker)) this.#workers.delete(worker);
  }

  #silentMs({ heardAt }: Held): number {
    return Math.max(0, this.#clock.now() - heardAt);
  }
}
