import { createHash, randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import {
  decodeMessage,
  encodeTaskFlags,
  type Magic,
  type ObjectStorageAddress,
  type SchedulerMessage,
  type Task,
  type UnknownMessage,
} from "@scaler-aws-hpc/scaler-protocol";
import { FrameCutter } from "./frame-cutter.ts";
import { Journal } from "./journal.ts";
import { greeting, WirePeer } from "./wire-peer.ts";
import { WireStorage } from "./wire-storage.ts";

/** How a {@link WireScheduler} begins. */
export interface WireSchedulerOptions {
  /** Numbering of its messages: 1 up to release 2.6.0, 2 from then on. @default 2 */
  readonly magic?: Magic;
}

/** What a task is made of. */
export interface TaskWish {
  /** @default a new one */
  readonly taskId?: string;
  readonly functionId: string;
  readonly argumentIds?: readonly string[];
  /** Whether the client wants what the task prints. @default false */
  readonly streamOutput?: boolean;
  /** Instead of flags made of the above. */
  readonly metadata?: Uint8Array;
}

const CLIENT = Buffer.from("Client|scripted|0123456789abcdef0123456789abcdef");
const md5 = (bytes: string | Uint8Array): string => createHash("md5").update(bytes).digest("hex");

/**
 * A scheduler and an object storage that listen on real sockets and say what a test tells them to. By itself it only answers: heartbeats with echoes,
 * a request to leave with its response, storage requests. Everything that happens is in its journal.
 */
export class WireScheduler implements AsyncDisposable {
  readonly magic: Magic;
  readonly journal: Journal;
  readonly storage: WireStorage;
  /** The one client, as tasks name it: lower-case hex. */
  readonly client = CLIENT.toString("hex");
  /** Whether heartbeats are answered. */
  echoes = true;
  /** Whether a request to leave is answered. */
  responds = true;
  /** Called for every worker's heartbeat, before its echo. */
  onHeartbeat: (peer: WirePeer) => void = () => {};
  /** What new connections are greeted with. */
  hello: Buffer;
  readonly peers: WirePeer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(magic: Magic, journal: Journal, storage: WireStorage) {
    this.magic = magic;
    this.journal = journal;
    this.storage = storage;
    this.hello = greeting(magic, "1|scheduler|scripted");
    this.#server = createServer((socket) => this.#accept(socket));
    storage.put(md5(CLIENT) + md5("serializer"), Buffer.from([0x80, 0x04, 0x2e]));
  }

  static async start(options: WireSchedulerOptions = {}): Promise<WireScheduler> {
    const magic = options.magic ?? 2;
    const journal = new Journal();
    const scheduler = new WireScheduler(magic, journal, await WireStorage.start(magic, journal));
    await new Promise<void>((resolve) => scheduler.#server.listen(0, "127.0.0.1", resolve));
    return scheduler;
  }

  get address(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Stores an object of the client. @returns its id */
  object(body: string | Uint8Array): string {
    const id = this.absentObject();
    this.storage.put(id, Buffer.from(body));
    return id;
  }

  /** Id of an object of the client that nobody has stored. */
  absentObject(): string {
    return md5(CLIENT) + randomBytes(16).toString("hex");
  }

  /** Replaces the client's serializer, which is otherwise nothing but the head of a pickle. */
  serializer(body: Uint8Array): void {
    this.storage.put(md5(CLIENT) + md5("serializer"), body);
  }

  /** A task of the client, not sent yet. */
  task({ taskId, functionId, argumentIds = [], streamOutput = false, metadata }: TaskWish): Task {
    return {
      kind: "task",
      taskId: taskId ?? randomBytes(16).toString("hex"),
      source: this.client,
      metadata: metadata ?? encodeTaskFlags({ profiling: true, priority: 0, streamOutput }),
      funcObjectId: functionId,
      functionArgs: argumentIds.map((data) => ({ type: "objectID", data })),
      capabilities: [],
    };
  }

  /** Resolves to the first worker that stands now and has sent a heartbeat on its connection, other than those named. */
  async worker(...except: readonly WirePeer[]): Promise<WirePeer> {
    return await this.journal.until("a worker announces itself", () => {
      const beats = this.journal.received("workerHeartbeat");
      return beats.find(({ peer }) => peer.open && !except.includes(peer))?.peer;
    });
  }

  /** Resolves to the connection of that name that came after those given. */
  async comesBack(identity: string, ...except: readonly WirePeer[]): Promise<WirePeer> {
    return await this.journal.until(`${identity} comes back`, () =>
      this.peers.findLast((peer) => peer.identity === identity && except.every(({ number }) => number < peer.number)),
    );
  }

  /** Resolves once a worker has said that it leaves. */
  async left(identity: string): Promise<void> {
    await this.journal.until(`${identity} leaves`, () => {
      const said = [
        ...this.journal.received("disconnectRequest"),
        ...this.journal.received("workerDisconnectNotification"),
      ];
      return said.some(({ peer }) => peer.identity === identity);
    });
  }

  /** Resolves to the n-th message of a kind about a task, from 1. */
  async heard<K extends "taskResult" | "taskCancelConfirm">(
    kind: K,
    taskId: string,
    nth = 1,
    limitMs?: number,
  ): Promise<{
    readonly at: number;
    readonly peer: WirePeer;
    readonly message: Extract<SchedulerMessage, { kind: K }>;
  }> {
    const about = (message: object): boolean => "taskId" in message && message.taskId === taskId;
    const read = () => this.journal.received(kind).filter(({ message }) => about(message))[nth - 1];
    return await this.journal.until(`${kind} number ${nth} of ${taskId}`, read, limitMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.storage[Symbol.asyncDispose]();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    const peer: WirePeer = new WirePeer(this.peers.length + 1, this.magic, socket, (message) =>
      this.journal.add({ type: "sent", peer, message }),
    );
    this.peers.push(peer);
    const cutter = new FrameCutter(
      (identity) => {
        peer.identity = identity;
        this.journal.add({ type: "named", peer });
      },
      (frame) => {
        const message = decodeMessage(frame, this.magic);
        this.journal.add({ type: "received", peer, frame: Buffer.from(frame), message });
        this.#answer(peer, message);
      },
    );
    socket.on("data", (chunk: Buffer) => cutter.push(chunk));
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.journal.add({ type: "ended", peer });
    });
    socket.write(this.hello);
  }

  #answer(peer: WirePeer, message: SchedulerMessage | UnknownMessage): void {
    if (message.kind === "workerHeartbeat") {
      this.onHeartbeat(peer);
      if (this.echoes) this.echo(peer);
    } else if (message.kind === "clientHeartbeat" && this.echoes) {
      peer.send({ kind: "clientHeartbeatEcho", objectStorageAddress: this.#storageAddress() });
    } else if (message.kind === "workerManagerHeartbeat") {
      peer.send({ kind: "workerManagerHeartbeatEcho" });
    } else if (message.kind === "disconnectRequest" && this.responds) {
      peer.send({ kind: "disconnectResponse", worker: message.worker });
    }
  }

  /** Answers one heartbeat. */
  echo(peer: WirePeer): void {
    peer.send({ kind: "workerHeartbeatEcho", objectStorageAddress: this.#storageAddress() });
  }

  #storageAddress(): ObjectStorageAddress {
    return { host: "127.0.0.1", port: this.storage.port, scheme: "tcp" };
  }
}
