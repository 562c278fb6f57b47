import { ClientError } from "./client-error.ts";
import type { ClientOptions, LeaveOptions } from "./client-options.ts";
import { within } from "./deadline.ts";
import { encodeValue } from "./format/value-object.ts";
import type { MapOptions, MapRun } from "./map-run.ts";
import { ObjectRef } from "./object-ref.ts";
import { type OpenStorage, type Outside, realOutside } from "./outside/outside.ts";
import type { ClientStats } from "./session/client-stats.ts";
import { newIdentity } from "./session/identity.ts";
import { type LinkOptions, SchedulerLink } from "./session/scheduler-link.ts";
import { Session } from "./session/session.ts";
import { storageAddress } from "./session/storage-link.ts";
import { Submitter } from "./submitter.ts";
import type { Task } from "./task/task.ts";
import type { TaskHandle } from "./task-handle.ts";
import { type Argument, type ArgumentsOf, NODE_CAPABILITY, type TaskOptions } from "./task-options.ts";

const CONNECT_MS = 30_000;
const HEARTBEAT_MS = 2_000;
const SILENCE_MS = 60_000;
const LEAVE_MS = 10_000;

/** What a client is made of. */
interface Parts {
  readonly identity: string;
  readonly session: Session;
  readonly submitter: Submitter;
  readonly link: SchedulerLink;
  readonly storage: OpenStorage;
}

let assemble: (parts: Parts) => Client;

/** A connection to a Scaler cluster that runs JavaScript functions there. */
export class Client implements AsyncDisposable {
  /** Who this client is on the wire. */
  readonly identity: string;
  readonly #session: Session;
  readonly #submitter: Submitter;
  readonly #link: SchedulerLink;
  readonly #storage: OpenStorage;
  #closing: Promise<void> | undefined;

  private constructor({ identity, session, submitter, link, storage }: Parts) {
    this.identity = identity;
    this.#session = session;
    this.#submitter = submitter;
    this.#link = link;
    this.#storage = storage;
  }

  static {
    assemble = (parts) => new Client(parts);
  }

  /**
   * Connects to a scheduler and to its object storage.
   *
   * @param address of the scheduler: `tcp://host:port`, or with `tls`, `ws` or `wss`
   * @throws {ClientError} `unavailable`, `config`, `disconnected`, `storage`. The signal's reason.
   */
  static async connect(address: string, options: ClientOptions = {}): Promise<Client> {
    return await connectThrough(realOutside, address, options);
  }

  /** What this client has done so far. */
  get stats(): ClientStats {
    return this.#session.stats;
  }

  /** Submits tasks with options: `client.with({ priority: 3, signal }).submit(task, 1)`. @throws {ClientError} `config` */
  with(options: TaskOptions): Submitter {
    return this.#submitter.with(options);
  }

  /** Submits one task: see {@link Submitter.submit}. */
  submit<Args extends readonly unknown[], Result>(
    task: Task<Args, Result>,
    ...args: ArgumentsOf<Args>
  ): TaskHandle<Awaited<Result>> {
    return this.#submitter.submit(task, ...args);
  }

  /** Submits a task for each input: see {@link Submitter.map}. */
  map<Input, Rest extends readonly unknown[], Result>(
    task: Task<[Input, ...Rest], Result>,
    inputs: Iterable<Argument<Input>> | AsyncIterable<Argument<Input>>,
    options?: MapOptions<Rest>,
  ): MapRun<Argument<Input>, Awaited<Result>> {
    return this.#submitter.map(task, inputs, options);
  }

  /**
   * Uploads a value once, for any number of tasks; equal values share their bytes. Resolves once it is stored.
   * @param name what monitors show
   * @throws {ClientError} `uncloneable`, `storage`, `closed`, `disconnected`
   */
  async put<Value>(value: Value, name = "value"): Promise<ObjectRef<Value>> {
    const object = await this.#session.put(encodeValue(value), name);
    return new ObjectRef<Value>(this.#session, object);
  }

  /** Cancels all tasks and deletes all objects of this client. @throws {ClientError} `closed`, `disconnected` */
  async clear(options: LeaveOptions = {}): Promise<void> {
    await this.#session.clear(options.timeoutMs ?? LEAVE_MS);
  }

  /**
   * Cancels what is open, leaves the scheduler, which then deletes this client's objects, and closes the connections. A second call joins
   * the first.
   */
  async close(options: LeaveOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? LEAVE_MS);
    await this.#closing;
  }

  /**
   * Ends the whole cluster: scheduler, managers and workers, for all clients.
   * @throws {ClientError} `runtime` where the scheduler is protected, `unavailable` where it does not answer; this client then goes on
   */
  async shutdown(options: LeaveOptions = {}): Promise<void> {
    if (!(await this.#session.shutdown(options.timeoutMs ?? LEAVE_MS))) {
      throw new ClientError("runtime", "the scheduler is protected and cannot be shut down by clients");
    }
    await this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#session.leave(timeoutMs);
    await Promise.allSettled([this.#link.close(), this.#storage.close()]);
  }
}

/** {@link Client.connect} through an outside of the caller's. @throws as that does */
export async function connectThrough(outside: Outside, address: string, options: ClientOptions = {}): Promise<Client> {
  const { signal, tls, connectTimeoutMs = CONNECT_MS } = options;
  const { clock, newId, idleLimits, openStorage } = outside;
  const identity = newIdentity(options.name, newId);
  const common = { identity: identity.text, tls, signal };
  const linkOptions: LinkOptions = {
    ...common,
    outside,
    connectTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? HEARTBEAT_MS,
    timeoutMs: options.timeoutMs ?? SILENCE_MS,
  };
  const link = await SchedulerLink.open(address, linkOptions);
  let storage: OpenStorage | undefined;
  try {
    const echoed = await link.echo(linkOptions);
    storage = await openStorage(options.objectStorageAddress ?? storageAddress(echoed), common);
    if (!link.tellsMagic) link.magic = storage.magic ?? link.magic;
    const limits = idleLimits === undefined ? {} : { idleLimits };
    const session = new Session({ identity, scheduler: link, storage, clock, newTaskId: newId, ...limits });
    link.listener = session;
    const late = (): never => {
      throw new ClientError("unavailable", `the object storage took nothing within ${connectTimeoutMs} ms`);
    };
    await within(link.orLost(session.start()), connectTimeoutMs, late, { signal, clock });
    const base = (options.nodeCapability ?? true) ? { [NODE_CAPABILITY]: -1 } : {};
    const submitter = new Submitter(session, outside.prepare, {}, base);
    return assemble({ identity: identity.text, session, submitter, link, storage });
  } catch (reason) {
    await Promise.allSettled([link.close(), storage?.close()]);
    throw reason;
  }
}
