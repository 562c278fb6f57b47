import { createHash } from "node:crypto";
import { ProtocolError, type RetryOptions } from "@scaler-aws-hpc/scaler-protocol";
import { Coverage } from "../coverage.ts";
import { Kernel } from "../kernel.ts";
import { Random } from "../random.ts";
import type { ClientRecord } from "./client-record.ts";
import { type ClientScenario, drawClientScenario } from "./client-scenario.ts";
import { CLIENT_SOMETIMES, type ClientSometimes } from "./client-sometimes.ts";
import type { ProgramClock } from "./program-clock.ts";
import { SimConnection } from "./sim-connection.ts";
import { SimSchedulerPeer } from "./sim-scheduler.ts";

/** What every part of a simulation of clients shares: time and chance, the scheduler's door, and the object storage. */
export class ClientWorld {
  readonly kernel: Kernel<ClientSometimes>;
  readonly scenario: ClientScenario;
  /** The object storage. */
  readonly objects = new Map<string, Uint8Array>();
  readonly connections = new Map<SimConnection, { readonly record: ClientRecord; readonly clock: ProgramClock }>();
  readonly records: ClientRecord[] = [];
  /** No fault begins any more. */
  calm = false;
  readonly #peers = new Set<SimSchedulerPeer>();
  #upAt = 0;

  constructor(seed: number, actions: number, echo?: (line: string) => void) {
    const random = new Random(seed);
    this.kernel = new Kernel(random, new Coverage(CLIENT_SOMETIMES), echo);
    this.scenario = drawClientScenario(random, actions);
  }

  /** Whether a fault of that likelihood happens now. */
  readonly faulty = (rate: number): boolean => !this.calm && rate > 0 && this.kernel.random.chance(rate);

  /** Of one frame, in milliseconds. */
  latency(): number {
    return this.scenario.linkMs * this.kernel.random.spread(0.5, 2);
  }

  /** Stores a result for a client. */
  newObject(record: ClientRecord, bytes: Uint8Array): string {
    const id = this.kernel.random.hex(32);
    this.objects.set(id, bytes);
    record.results.add(id);
    return id;
  }

  /** As `connectWithRetry`: waits for a scheduler that is away, so long. */
  async connect(record: ClientRecord, clock: ProgramClock, options: RetryOptions): Promise<SimConnection> {
    const { kernel } = this;
    options.signal?.throwIfAborted();
    const away = Math.max(0, this.#upAt - kernel.now);
    if (away > 0) kernel.seen("scheduler away while a client connects");
    const patience = options.giveUpAfterMs ?? Number.POSITIVE_INFINITY;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(options.signal?.reason);
    options.signal?.addEventListener("abort", onAbort);
    clock.run(Math.min(away, patience) + this.latency(), resolve);
    try {
      await promise;
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
    }
    if (kernel.now < this.#upAt) throw new ProtocolError("unreachable", "the scheduler is away");
    const connection = new SimConnection(this, clock, options);
    const peer = new SimSchedulerPeer(this, record, connection);
    connection.peer = peer;
    record.beats.begin();
    this.#peers.add(peer);
    this.connections.set(connection, { record, clock });
    return connection;
  }

  /** The scheduler ends, forgets everything, and comes back later. */
  restart(): void {
    const { kernel } = this;
    kernel.seen("scheduler restarted");
    this.#upAt = kernel.now + kernel.random.spread(10, 40_000);
    for (const peer of this.#peers) peer.end();
    this.#peers.clear();
    for (const connection of this.connections.keys()) connection.sever("the scheduler ended");
  }

  /** Nothing comes through one of the connections any more. */
  blackHole(): void {
    const { kernel } = this;
    const open = [...this.connections].filter(([{ over, mute }]) => !over && !mute);
    if (open.length === 0) return;
    const [connection, { record, clock }] = kernel.random.pick(open);
    kernel.seen("black hole");
    connection.mute = true;
    record.unheard = true;
    const late = (): void => {
      if (connection.ending) return;
      const left = record.beats.patienceEnds - kernel.now;
      // Behind the client's own timers of that moment.
      if (left > -0.5) clock.run(Math.max(left, 0) + 1, late);
      else kernel.fail("heartbeats", "a silent scheduler is not given up");
    };
    late();
  }

  /** What lies in the storage of a client that left in order, and nobody will delete. */
  orphans(record: ClientRecord): readonly string[] {
    const owner = createHash("md5").update(Buffer.from(record.user, "hex")).digest("hex");
    return [...this.objects.keys()].filter((id) => id.startsWith(owner) || record.results.has(id));
  }
}
