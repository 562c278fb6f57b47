import { ClientError } from "@scaler-aws-hpc/client/format";
import type { OpenStorage } from "@scaler-aws-hpc/client/outside";
import { ProtocolError } from "@scaler-aws-hpc/scaler-protocol";
import type { ClientRecord } from "./client-record.ts";
import type { ClientWorld } from "./client-world.ts";
import type { ProgramClock } from "./program-clock.ts";

/** As the real one's time limit for a request. */
const REQUEST_MS = 60_000;

interface Call {
  readonly reject: (reason: unknown) => void;
}

/** The object storage as one client meets it: calls end in any order, late, not at all, or with a failure. */
export class SimStorage implements OpenStorage {
  readonly magic: 1 | 2;
  readonly #world: ClientWorld;
  readonly #clock: ProgramClock;
  readonly #record: ClientRecord;
  readonly #calls = new Set<Call>();
  #closed = false;

  constructor(world: ClientWorld, clock: ProgramClock, record: ClientRecord) {
    this.magic = world.scenario.magic;
    this.#world = world;
    this.#clock = clock;
    this.#record = record;
  }

  /** Calls without an answer. */
  get open(): number {
    return this.#calls.size;
  }

  set(id: string, bytes: Uint8Array): Promise<void> {
    const { objects, kernel, faulty, scenario } = this.#world;
    const stored = Uint8Array.from(bytes);
    this.#record.onUpload(id);
    return this.#call<void>(undefined, (resolve, reject) => {
      const fails = faulty(scenario.rates.uploadFails) && this.#record.connected;
      const after = this.#pause("upload slow");
      // What is on its way lands, whatever becomes of the one who sent it.
      kernel.after(after, () => {
        if (!fails || kernel.random.chance(0.3)) objects.set(id, stored);
        this.#record.onLanded(id);
      });
      this.#clock.run(after + this.#world.latency(), () => {
        if (!fails) return resolve();
        kernel.seen("upload failed");
        this.#record.storageFailed = true;
        reject(new ProtocolError("timeout", "storing was not confirmed"));
      });
    });
  }

  get(id: string, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
    const { objects, kernel, faulty, scenario } = this.#world;
    return this.#call<Uint8Array>(options?.signal, (resolve, reject) => {
      const until = kernel.now + REQUEST_MS;
      const fails = faulty(scenario.rates.downloadFails);
      const look = (): void => {
        const bytes = objects.get(id);
        if (!fails && bytes !== undefined) resolve(Uint8Array.from(bytes));
        else if (fails || kernel.now >= until) {
          if (fails) {
            kernel.seen("download failed");
            this.#record.storageFailed = true;
          }
          reject(new ProtocolError("timeout", `object ${id} is missing: nobody stored it`));
        } else this.#clock.run(Math.min(5_000, until - kernel.now), look);
      };
      this.#clock.run(this.#pause("download slow"), look);
    });
  }

  delete(ids: readonly string[]): Promise<number> {
    const { objects, kernel, faulty, scenario } = this.#world;
    return this.#call<number>(undefined, (resolve, reject) => {
      const fails = faulty(scenario.rates.deleteFails);
      const after = this.#pause(undefined);
      for (const id of ids) this.#record.onDelete(id);
      kernel.after(after, () => {
        for (const id of ids) {
          if (fails) this.#record.undeleted.add(id);
          else objects.delete(id);
        }
      });
      this.#clock.run(after + this.#world.latency(), () => {
        if (!fails) return resolve(ids.length);
        kernel.seen("delete failed");
        reject(new ProtocolError("timeout", "deleting was not confirmed"));
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of [...this.#calls])
      reject(new ProtocolError("closed", "the object storage client was closed"));
    await new Promise<void>((resolve) => this.#clock.run(this.#world.latency(), resolve));
  }

  #call<Value>(
    signal: AbortSignal | undefined,
    work: (resolve: (value: Value) => void, reject: (reason: unknown) => void) => void,
  ): Promise<Value> {
    if (this.#closed) return Promise.reject(new ProtocolError("closed", "the object storage client was closed"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const end = (): void => {
      this.#calls.delete(call);
      signal?.removeEventListener("abort", onAbort);
    };
    const call = {
      reject: (reason: unknown): void => {
        end();
        reject(reason);
      },
    };
    const onAbort = (): void => call.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    this.#calls.add(call);
    work((value) => {
      end();
      resolve(value);
    }, call.reject);
    return promise;
  }

  #pause(slow: "upload slow" | "download slow" | undefined): number {
    const { kernel, faulty, scenario } = this.#world;
    const usual = scenario.storageMs * kernel.random.spread(0.2, 3);
    if (!faulty(scenario.rates.storageSlow)) return usual;
    if (slow !== undefined) kernel.seen(slow);
    return usual + kernel.random.spread(1_000, 40_000);
  }
}

/** What opening one that is away gives. */
export const storageAway = (): ClientError => new ClientError("unavailable", "object storage: it is away");
