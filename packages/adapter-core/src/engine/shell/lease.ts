import { randomBytes } from "node:crypto";
import { AdapterError } from "../../contracts/adapter-error.ts";
import type { PayloadStore, PutOutcome } from "../../contracts/payload-store.ts";
import { leaseKey } from "../../formats/keys.ts";
import { decodeLease, encodeLease, type LeaseRecord } from "../../formats/lease.ts";
import type { WorkerId } from "../core/ids.ts";
import { again, passesInTime } from "./again.ts";
import type { BackOff } from "./back-off.ts";
import type { ShellHost } from "./host.ts";
import { LeaseWorkers, type SilentWorker } from "./lease-workers.ts";
import type { Ownership } from "./ownership.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** A lease that is not renewed for so long is nobody's; well below the 60 s for which the scheduler keeps a silent worker's tasks. */
const LEASE_MS = 15_000;
/** So long after a renewal nobody else can have taken it, whatever the clocks do. */
const SURE_MS = 10_000;
const RENEW_MS = 5_000;
const WATCH_MS = 1_500;
/** Of the lease, which is small: its attempts may come fast. */
const BACK_OFF: BackOff = { baseMs: 100, maxMs: 2_000 };

/** Options of {@link Lease}. */
export interface LeaseOptions {
  readonly store: PayloadStore;
  readonly managerId: string;
  /** The id as the user chose it, for messages. */
  readonly workerManagerId: string;
  readonly self: ProcessIdentity;
  /** Milliseconds since the epoch, for the record's reader. */
  readonly wallNow: () => number;
  /** Whether a worker is still connected or connecting. */
  readonly keeps: (worker: WorkerId) => boolean;
  /** Told once when another process has taken the lease. */
  readonly onLost: (reason: AdapterError) => void;
}

/** What the owner before left. */
export interface Inheritance {
  /** Its worker ids, each with how long the scheduler has not answered it, in milliseconds: until the lease was written by its owner's clock, since then by the store's. */
  readonly workers: readonly SilentWorker[];
  /** How long it has certainly been gone, in milliseconds; `undefined`: there was none, or it left in order. */
  readonly diedBeforeMs: number | undefined;
  /** Identity of the scheduler that it met last, where it is known. */
  readonly scheduler: string | undefined;
  /** The store's clock at the take, in milliseconds since the epoch; `undefined` where the store did not tell. */
  readonly storeNowMs: number | undefined;
}

/**
 * The right to be the manager of an id: one object in the payload store, taken and renewed by compare-and-set. Whoever holds it is the only process
 * that submits, stops and takes over jobs of that id. No decision rests on a wall clock: a lease is dead when it did not change while somebody looked.
 */
export class Lease implements Ownership {
  readonly #host: ShellHost;
  readonly #options: LeaseOptions;
  readonly #key: string;
  readonly #owner = randomBytes(16).toString("hex");
  readonly #workers: LeaseWorkers;
  #etag = "";
  #epoch = 0;
  #scheduler: string | undefined;
  #released = false;
  /** When a put began that proved the lease to be ours. */
  #sureAt = Number.NEGATIVE_INFINITY;
  #wanted: PromiseWithResolvers<void> | undefined;
  #saving = false;
  #lost: AdapterError | undefined;

  constructor(host: ShellHost, options: LeaseOptions) {
    this.#host = host;
    this.#options = options;
    this.#key = leaseKey(options.managerId);
    this.#workers = new LeaseWorkers(host.clock);
  }

  /** Grows with each process that holds the lease. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Takes the lease, at once where its owner has left or is known to be gone, else after it was not renewed for {@link LEASE_MS}. @throws {AdapterError} `conflict`, and as the store */
  async take(): Promise<Inheritance> {
    const { store, self } = this.#options;
    const { clock, log, signal } = this.#host;
    let watched: { readonly etag: string; readonly since: number } | undefined;
    let before: number | undefined;
    for (;;) {
      const held = await this.#again(() => store.get(this.#key, { signal }));
      const former = held === undefined ? undefined : decodeLease(this.#key, held.body);
      if (held !== undefined && former !== undefined && former.owner !== this.#owner) {
        if (watched !== undefined && held.etag !== watched.etag && !former.released) throw this.#taken(former);
        const gone = former.released || self.alive(former.host, former.pid) === false;
        if (!gone && (watched === undefined || clock.now() - watched.since < LEASE_MS)) {
          if (watched === undefined) {
            const { host, pid } = former;
            log.warn("an earlier manager has not left; waiting whether it is alive", { host, pid, forMs: LEASE_MS });
          }
          watched ??= { etag: held.etag, since: clock.now() };
          await clock.sleep(WATCH_MS, { signal });
          continue;
        }
      }
      // Ours: the answer to our put was lost; what counts is when the owner before wrote last.
      if (former?.owner !== this.#owner) before = former === undefined ? undefined : await this.#modifiedMs();
      this.#epoch = (former?.epoch ?? 0) + 1;
      this.#scheduler = former?.scheduler;
      this.#workers.inherit(former?.workers ?? []);
      const condition = held === undefined ? "absent" : { etag: held.etag };
      if (!(await this.#put(condition))) continue;
      const now = await this.#modifiedMs();
      const ageMs = before === undefined || now === undefined ? 0 : Math.max(0, now - before);
      this.#workers.age(ageMs);
      this.#host.counters.epoch = this.#epoch;
      // The age is known only now, and the next owner counts from this put: written at once, or a death before the first renewal would hide it.
      const inherited = this.#workers.size > 0;
      this.#workers.dropForgotten();
      if (ageMs > 0 && inherited) await this.#save();
      const diedBeforeMs = former === undefined || former.released ? undefined : Math.max(0, ageMs - RENEW_MS);
      const workers = this.#workers.list();
      return { workers, diedBeforeMs, scheduler: former?.scheduler, storeNowMs: now };
    }
  }

  /** Renews the lease until the engine ends. Resolves then; never rejects. */
  async run(): Promise<void> {
    const { clock, signal } = this.#host;
    while (!signal.aborted && !this.#released && this.#lost === undefined) {
      await clock.sleep(RENEW_MS, { signal }).catch(() => {});
      if (signal.aborted || this.#released) return;
      await this.#save().catch(() => {});
    }
  }

  async sure(): Promise<void> {
    if (this.#host.clock.now() - this.#sureAt >= SURE_MS) await this.#save();
    if (this.#lost !== undefined) throw this.#lost;
  }

  async note(worker: WorkerId, profile: string): Promise<void> {
    if (this.#workers.has(worker)) return await this.sure();
    this.#workers.add(worker, profile);
    await this.#save();
  }

  announces(worker: WorkerId): void {
    this.#workers.announces(worker);
  }

  heard(worker: WorkerId): void {
    this.#workers.heard(worker);
  }

  forget(worker: WorkerId): void {
    if (this.#released) return;
    // Written with the next renewal: until then the id is merely said goodbye to twice.
    this.#workers.delete(worker);
  }

  /** Which scheduler was met: written with the next renewal. */
  met(scheduler: string): void {
    this.#scheduler = scheduler;
  }

  /** Names of jobs were found that belong to a later epoch than the lease knows, for it was lost: goes past them. */
  async raise(epoch: number): Promise<void> {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#host.counters.epoch = epoch;
    await this.#save();
  }

  /** Gives the lease away, so that the next process need not wait. With `keepWorkers` that one resumes those which the scheduler may still know. Never rejects. */
  async release(options: { readonly keepWorkers: boolean }): Promise<void> {
    if (this.#lost !== undefined || this.#epoch === 0) return;
    this.#released = true;
    if (options.keepWorkers) {
      this.#workers.dropUnannounced();
      this.#workers.dropForgotten();
    } else this.#workers.clear();
    await this.#save().catch((reason: unknown) => {
      this.#host.log.warn("the lease could not be released", { reason: String(reason) });
    });
  }

  /** Resolves once a put that began after this call has succeeded; calls of one moment share it. */
  #save(): Promise<void> {
    this.#wanted ??= Promise.withResolvers();
    const { promise } = this.#wanted;
    if (!this.#saving) void this.#saveAll();
    return promise;
  }

  async #saveAll(): Promise<void> {
    this.#saving = true;
    // Ids that are opened together are written together.
    await Promise.resolve();
    while (this.#wanted !== undefined) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#renew();
        wanted.resolve();
      } catch (reason) {
        wanted.promise.catch(() => {});
        wanted.reject(reason);
      }
    }
    this.#saving = false;
  }

  async #renew(): Promise<void> {
    const { store } = this.#options;
    const { signal } = this.#host;
    if (this.#lost !== undefined) throw this.#lost;
    this.#workers.prune(this.#options.keeps);
    while (!(await this.#put(this.#etag === "" ? "absent" : { etag: this.#etag }))) {
      const held = await this.#again(() => store.get(this.#key, { signal }));
      const found = held === undefined ? undefined : decodeLease(this.#key, held.body);
      // Ours: the answer to an earlier put was lost. Gone: somebody deleted it by hand.
      this.#etag = held?.etag ?? "";
      if (found === undefined || found.owner === this.#owner) continue;
      this.#lost = this.#taken(found);
      this.#options.onLost(this.#lost);
      throw this.#lost;
    }
  }

  /** One compare-and-set, repeated while the store is out of reach. */
  async #put(condition: "absent" | { readonly etag: string }): Promise<boolean> {
    const { store, self, wallNow } = this.#options;
    const record: LeaseRecord = {
      epoch: this.#epoch,
      owner: this.#owner,
      ...{ host: self.host, pid: self.pid },
      renewed: Math.round(wallNow()),
      released: this.#released,
      scheduler: this.#scheduler,
      workers: this.#workers.list().map(({ id, profile, silentMs }) => ({ id, profile, silent: Math.round(silentMs) })),
    };
    const { signal } = this.#host;
    let begunAt = 0;
    const put = (): Promise<PutOutcome> => {
      begunAt = this.#host.clock.now();
      return store.put(this.#key, encodeLease(record), { if: condition, signal });
    };
    // A permission that was there at the start comes back, and until then nothing new is submitted.
    const outcome = await this.#again(put, this.#etag === "" ? undefined : passesInTime);
    if (!outcome.stored) return false;
    this.#etag = outcome.etag;
    this.#sureAt = begunAt;
    return true;
  }

  async #modifiedMs(): Promise<number | undefined> {
    const { signal } = this.#host;
    return await this.#again(async () => {
      for await (const { key, modifiedMs } of this.#options.store.list(this.#key, { signal })) {
        if (key === this.#key) return modifiedMs;
      }
      return undefined;
    });
  }

  #taken({ host, pid }: LeaseRecord): AdapterError {
    const id = this.#options.workerManagerId;
    return new AdapterError(
      "conflict",
      `another manager with id ${id} is alive on host ${host} (process ${pid}); stop it or choose another --worker-manager-id`,
    );
  }

  /** @param passes which failures are waited out. @default those that pass by themselves */
  #again<T>(work: () => Promise<T>, passes?: (reason: unknown) => boolean): Promise<T> {
    const saying = "the lease is out of reach; trying again";
    return again(this.#host, work, { saying, backOff: BACK_OFF, ...(passes && { passes }) });
  }
}
