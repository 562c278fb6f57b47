import type { TaskMessage } from "@scaler-aws-hpc/adapter-core";
import type { CancelAnswer, ResultKind, ToWorker } from "../fakes/scheduler/index.ts";
import type { Kernel } from "./kernel.ts";

/** From a worker of ours to the scheduler. */
export type Upward =
  | { readonly type: "heartbeat"; readonly queueSize: number; readonly seq: number }
  | { readonly type: "result"; readonly taskId: string; readonly kind: ResultKind; readonly value: string }
  | { readonly type: "confirm"; readonly taskId: string; readonly answer: CancelAnswer }
  | { readonly type: "log"; readonly taskId: string }
  | { readonly type: "leave" };

/** From the scheduler to a worker of ours; `seq` tells which heartbeat an echo answers, which the wire does not. */
export interface Downward {
  readonly message: ToWorker<TaskMessage>;
  readonly seq: number;
}

/** What the owner of a connection hears. */
export interface LinkHandlers {
  up(scheduler: string): void;
  down(reason: string): void;
  message(down: Downward): void;
}

/** One connection under one worker id. Messages keep their order in it; across connections there is none. */
export interface Connection {
  readonly worker: string;
  readonly handlers: LinkHandlers;
  state: "connecting" | "up" | "over";
  /** Nothing sent from now on, or on its way, arrives. */
  upDead: boolean;
  downDead: boolean;
  /** The scheduler's side is closed: what is sent from now on arrives nowhere. */
  finished: boolean;
  /** Its owner closed it, and hears nothing more. */
  closed: boolean;
  upAt: number;
  downAt: number;
}

/** Messages that the scheduler keeps for a peer whose connection broke off without a goodbye, at most. */
const KEPT_MOST = 1_000;

/** The network between our workers and the scheduler's socket, with everything that goes wrong on it. */
export class Network {
  readonly #kernel: Kernel;
  readonly #slowMessage: () => number;
  readonly #receive: (worker: string, message: Upward) => void;
  readonly #peers = new Map<string, Connection>();
  readonly #kept = new Map<string, Downward[]>();
  /** The newest connection of each worker. */
  readonly #newest = new Map<string, Connection>();
  /** Identity of the scheduler's process; `undefined` while it is down. */
  scheduler: string | undefined;
  partitionedUntil = 0;

  constructor(kernel: Kernel, slowMessage: () => number, receive: (worker: string, message: Upward) => void) {
    this.#kernel = kernel;
    this.#slowMessage = slowMessage;
    this.#receive = receive;
  }

  /** Connects, however long it takes. */
  open(worker: string, handlers: LinkHandlers): Connection {
    const connection: Connection = {
      worker,
      handlers,
      state: "connecting",
      upDead: false,
      downDead: false,
      finished: false,
      closed: false,
      upAt: 0,
      downAt: 0,
    };
    this.#attempt(connection, 100);
    return connection;
  }

  /** Connections of ours that are up as far as their owners know. */
  connections(): readonly Connection[] {
    return [...this.#peers.values()].filter((connection) => connection.state === "up" && !connection.closed);
  }

  send(connection: Connection, message: Upward): void {
    if (connection.state !== "up" || connection.closed || connection.finished) return;
    connection.upAt = Math.max(connection.upAt, this.#kernel.now + this.#latency());
    this.#kernel.at(connection.upAt, () => {
      if (connection.upDead) this.#kernel.seen("message lost with its link");
      else this.#receive(connection.worker, message);
    });
  }

  /** The owner closes: what it sent before still arrives. */
  close(connection: Connection): void {
    connection.closed = true;
    const wasUp = connection.state === "up";
    connection.state = "over";
    if (!wasUp || connection.upDead) return;
    connection.upAt = Math.max(connection.upAt, this.#kernel.now + this.#latency());
    this.#kernel.at(connection.upAt, () => this.#forget(connection));
  }

  toWorker(worker: string, down: Downward): void {
    const connection = this.#peers.get(worker);
    if (connection !== undefined) {
      this.#carry(connection, down);
      return;
    }
    const kept = this.#kept.get(worker);
    if (kept !== undefined && kept.length < KEPT_MOST) kept.push(down);
    else this.#kernel.seen("message sent into a gap");
  }

  /** The connection is gone at once, with everything on its way. */
  reset(connection: Connection): void {
    this.#kernel.log("RST", connection.worker);
    connection.upDead = true;
    connection.downDead = true;
    if (this.#forget(connection) && this.#kernel.random.chance(0.5)) this.#kept.set(connection.worker, []);
    this.#tellDown(connection, "reset by peer", this.#kernel.now + this.#kernel.random.spread(0.1, 50));
  }

  /** The scheduler's side closes: what it sent before still arrives. */
  finish(connection: Connection): void {
    this.#kernel.log("FIN", connection.worker);
    connection.upDead = this.#kernel.random.chance(0.5);
    connection.finished = true;
    this.#forget(connection);
    const at = Math.max(connection.downAt, this.#kernel.now + this.#latency());
    this.#tellDown(connection, "closed by the other side", at);
  }

  /** Nobody is told, and nothing arrives any more; one way only when `up` is false. */
  blackHole(connection: Connection, up: boolean): void {
    this.#kernel.log(up ? "black hole" : "one-way loss", connection.worker);
    if (up) connection.upDead = true;
    connection.downDead = true;
  }

  /** The scheduler's process ended. */
  schedulerGone(): void {
    this.scheduler = undefined;
    this.#kept.clear();
    for (const connection of [...this.#peers.values()]) {
      connection.upDead = true;
      connection.finished = true;
      this.#forget(connection);
      // A black hole hides the end of the process as well.
      if (connection.downDead) continue;
      const at = Math.max(connection.downAt, this.#kernel.now + this.#latency());
      this.#tellDown(connection, "closed by the other side", at);
    }
  }

  #attempt(connection: Connection, waitMs: number): void {
    const { random } = this.#kernel;
    this.#kernel.after(random.spread(0.5, 20), () => {
      if (connection.closed) return;
      if (this.scheduler === undefined || this.#kernel.now < this.partitionedUntil) {
        const next = Math.min(10_000, waitMs * 2);
        this.#kernel.after(waitMs * (0.5 + random.next()), () => this.#attempt(connection, next));
      } else this.#establish(connection, this.scheduler);
    });
  }

  #establish(connection: Connection, scheduler: string): void {
    connection.state = "up";
    const older = this.#newest.get(connection.worker);
    this.#newest.set(connection.worker, connection);
    this.#peers.set(connection.worker, connection);
    // One connection for an id: the socket closes the older one, and reads no more of it.
    if (older !== undefined) {
      older.upDead = true;
      this.#tellDown(older, "replaced", this.#kernel.now + this.#latency());
    }
    connection.handlers.up(scheduler);
    const kept = this.#kept.get(connection.worker) ?? [];
    this.#kept.delete(connection.worker);
    for (const down of kept) {
      this.#kernel.seen("message kept for a lost peer");
      this.#carry(connection, down);
    }
  }

  #carry(connection: Connection, down: Downward): void {
    connection.downAt = Math.max(connection.downAt, this.#kernel.now + this.#latency());
    this.#kernel.at(connection.downAt, () => {
      if (connection.closed) return;
      if (connection.downDead) this.#kernel.seen("message lost with its link");
      else connection.handlers.message(down);
    });
  }

  #tellDown(connection: Connection, reason: string, at: number): void {
    this.#kernel.at(at, () => {
      if (connection.closed || connection.state === "over") return;
      connection.state = "over";
      connection.handlers.down(reason);
    });
  }

  #forget(connection: Connection): boolean {
    if (this.#peers.get(connection.worker) !== connection) return false;
    this.#peers.delete(connection.worker);
    return true;
  }

  #latency(): number {
    const { random } = this.#kernel;
    if (random.chance(this.#slowMessage())) {
      this.#kernel.seen("slow link");
      return random.spread(50, 8_000);
    }
    return random.spread(0.1, 3);
  }
}
