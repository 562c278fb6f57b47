import { decodeProfileResult, type ProfileResult, type TaskResult } from "@scaler-aws-hpc/scaler-protocol";
import { ClientError } from "../client-error.ts";
import { decodeFailure } from "../format/failure-object.ts";
import { decodeValue } from "../format/value-object.ts";
import { taskFailed } from "../task-failure.ts";
import { FetchSlots } from "./fetch-slots.ts";
import type { StoragePort } from "./ports.ts";
import type { TaskRun } from "./task-run.ts";

/** Results read at once: each may be large. */
const MAX_FETCHES = 64;
/** Results above this are not copied once more: typed arrays in them look into the bytes that came. */
const VIEW_BYTES = 1024 * 1024;

/** Reads results, deletes them from the storage, and ends their tasks with them. */
export class ResultReader {
  downloadedObjects = 0;
  downloadedBytes = 0;
  readonly #storage: StoragePort;
  readonly #slots = new FetchSlots(MAX_FETCHES);
  readonly #stop = new AbortController();

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  /** Ends `run` as `result` says. Never rejects. */
  async read(run: TaskRun, result: TaskResult): Promise<void> {
    try {
      // Read or not, nobody reads it again. The released client deletes the results of simple tasks itself, too.
      const bytes = await this.#bytesOf(run, result).finally(() => this.discard(result));
      if (result.resultType === "success") run.succeed(decodeValue(bytes, { view: bytes.length > VIEW_BYTES }));
      else run.fail(ofFailure(run, bytes));
    } catch (reason) {
      run.fail(reason);
    }
  }

  /** Deletes what a result names that was said once more, but for what is being read. */
  discardRepeated(run: TaskRun, { results }: TaskResult): void {
    const others = results.filter((id) => !run.results.includes(id));
    if (others.length > 0) this.#storage.delete(others).catch(() => undefined);
  }

  /** Deletes the results of a task that nobody waits for. */
  discard(result: TaskResult): void {
    if (result.results.length > 0) this.#storage.delete(result.results).catch(() => undefined);
  }

  /** Fails what is being read. */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  async #bytesOf(run: TaskRun, result: TaskResult): Promise<Uint8Array> {
    run.profile = profileOf(result);
    if (result.resultType === "failedWorkerDied") {
      throw new ClientError("worker-died", `the worker of task ${run.id} ended before it answered`);
    }
    const [id] = result.results;
    if (id === undefined || result.results.length > 1) {
      throw new ClientError("corrupt", `task ${run.id} came back with ${result.results.length} results, expected 1`);
    }
    return await this.#slots.run(() => this.#fetch(run, id));
  }

  async #fetch(run: TaskRun, id: string): Promise<Uint8Array> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#storage.get(id, { signal: this.#stop.signal });
    } catch (reason) {
      this.#stop.signal.throwIfAborted();
      throw new ClientError("storage", `the result of task ${run.id} could not be read`, { cause: reason });
    }
    this.downloadedObjects += 1;
    this.downloadedBytes += bytes.length;
    return bytes;
  }
}

function profileOf({ taskId, metadata }: TaskResult): ProfileResult | undefined {
  try {
    return metadata.length === 0 ? undefined : decodeProfileResult(metadata);
  } catch (reason) {
    throw new ClientError("corrupt", `the profile of task ${taskId} cannot be read`, { cause: reason });
  }
}

function ofFailure(run: TaskRun, bytes: Uint8Array): unknown {
  const { by, reason } = decodeFailure(bytes);
  return by === "task" ? taskFailed(reason, { taskId: run.id, task: run.name }) : reason;
}
