import type { RunnerRecord } from "../../contracts/runner.ts";
import { type FailurePickleKind, failurePickle } from "../../formats/failure-pickle.ts";
import type { ObjectCache } from "../../objects/object-cache.ts";
import type { SourceId } from "../core/ids.ts";
import type { ShellHost } from "./host.ts";
import { serializerId } from "./serializer-id.ts";

/** How much of a serializer object a runner may look at, in bytes. */
const HEAD_BYTES = 4_096;
/** How long a failure waits for the serializer of a client that was never seen, in milliseconds: of a job that was taken over. */
const LOOK_MS = 5_000;
/** A text that a pickle begins with and throws away: how clients of other languages say which they are. PROTO, SHORT_BINUNICODE, POP. */
const MARK = /^\x80.\x8c.([\x20-\x7e]{1,64})0/s;

/** Which runner the tasks of each client need: told by its serializer object, which is read once. */
export class ClientRunners {
  readonly #host: ShellHost;
  readonly #cache: ObjectCache;
  readonly #records: readonly RunnerRecord[];
  readonly #refusal: (runner: string) => string | undefined;
  /** `undefined`: none of ours. */
  readonly #known = new Map<SourceId, RunnerRecord | undefined>();

  /** @param refusal why jobs cannot be for a runner, where no profile can have them */
  constructor(
    host: ShellHost,
    cache: ObjectCache,
    records: readonly RunnerRecord[],
    refusal: (runner: string) => string | undefined,
  ) {
    this.#host = host;
    this.#cache = cache;
    this.#refusal = refusal;
    this.#records = records.toSorted((left, right) => (left.order ?? 0) - (right.order ?? 0));
  }

  /**
   * The runner of a client.
   * @returns what to tell the client where there is none
   * @throws {AdapterError} `missing`, `unavailable` when its serializer cannot be read
   */
  async find(source: SourceId): Promise<RunnerRecord | string> {
    const known = this.#known.get(source);
    if (known !== undefined) return this.#usable(known);
    const pin = this.#cache.acquire(serializerId(source));
    try {
      const head = (await pin.bytes).subarray(0, HEAD_BYTES);
      const record = this.#records.find((one) => one.matches(head));
      this.#known.set(source, record);
      return record === undefined ? this.#nobody(head) : this.#usable(record);
    } finally {
      this.#cache.release(pin);
    }
  }

  /** What a client gets for a task that failed without an error of its own: in its own language where its runner knows how, else a pickle. */
  async failure(source: SourceId, kind: FailurePickleKind, message: string): Promise<Uint8Array> {
    const record = this.#known.has(source) ? this.#known.get(source) : await this.#look(source);
    return record?.failure?.(kind, message) ?? failurePickle(kind, message);
  }

  /** The client is gone. */
  forget(source: SourceId): void {
    this.#known.delete(source);
  }

  #usable(record: RunnerRecord): RunnerRecord | string {
    const refusal = this.#refusal(record.name);
    return refusal === undefined ? record : `this manager cannot run tasks for the runner ${record.name}: ${refusal}`;
  }

  #nobody(head: Uint8Array): string {
    const names = this.#records.map((record) => record.name).join(", ") || "none";
    const [, mark] = MARK.exec(Buffer.from(head.subarray(0, 80)).toString("latin1")) ?? [];
    const whose = mark === undefined ? "" : ` (it says ${mark})`;
    return `no installed runner understands this client's serializer${whose}; installed: ${names}`;
  }

  /** Of a client whose tasks were never looked at here. A failure is not kept waiting for a client that is gone. */
  async #look(source: SourceId): Promise<RunnerRecord | undefined> {
    const { clock, signal } = this.#host;
    const late = new AbortController();
    try {
      const limit = clock.sleep(LOOK_MS, { signal: AbortSignal.any([signal, late.signal]) }).then(() => undefined);
      limit.catch(() => undefined);
      await Promise.race([this.find(source), limit]);
      return this.#known.get(source);
    } catch {
      return undefined;
    } finally {
      late.abort();
    }
  }
}
