import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import {
  decodeStorageRequest,
  encodeStorageResponse,
  type Magic,
  type StorageRequestHeader,
  type StorageResponseHeader,
} from "@scaler-aws-hpc/scaler-protocol";
import { FrameCutter } from "./frame-cutter.ts";
import type { Journal } from "./journal.ts";
import { framed, greeting } from "./wire-peer.ts";

/** A request as a test's script meets it. */
export interface StorageRequest {
  readonly header: StorageRequestHeader;
  /** What is to be stored, in a `setObject`. */
  readonly payload: Buffer | undefined;
  readonly socket: Socket;
  /** Answers it; `as` changes the header, for answers that lie. */
  answer(body?: Uint8Array, as?: Partial<StorageResponseHeader>): void;
  /** Does what is done without a script. */
  proceed(): void;
}

/** The object storage beside the scripted scheduler: keeps objects in memory, and holds its answer for one that is not there. */
export class WireStorage implements AsyncDisposable {
  readonly objects = new Map<string, Uint8Array>();
  /** Deals with a request itself where it returns true. */
  script: (request: StorageRequest) => boolean = () => false;
  readonly #magic: Magic;
  readonly #journal: Journal;
  readonly #sockets = new Set<Socket>();
  readonly #parked: StorageRequest[] = [];
  readonly #server: Server;

  private constructor(magic: Magic, journal: Journal) {
    this.#magic = magic;
    this.#journal = journal;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(magic: Magic, journal: Journal): Promise<WireStorage> {
    const storage = new WireStorage(magic, journal);
    await new Promise<void>((resolve) => storage.#server.listen(0, "127.0.0.1", resolve));
    return storage;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stores an object and answers whoever waits for it. */
  put(objectId: string, body: Uint8Array): void {
    this.objects.set(objectId, body);
    for (const request of this.#parked.splice(0)) this.#get(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    socket.write(greeting(this.#magic, "ObjectStorageServer"));
    let pending: StorageRequestHeader | undefined;
    const cutter = new FrameCutter(
      () => {},
      (frame) => {
        const header = pending ?? decodeStorageRequest(frame);
        const payload = pending === undefined ? undefined : frame;
        pending = undefined;
        if (payload === undefined && header.requestType === "setObject") pending = header;
        else this.#handle(this.#request(header, payload, socket));
      },
    );
    socket.on("data", (chunk: Buffer) => cutter.push(chunk));
  }

  #handle(request: StorageRequest): void {
    const { requestType, objectId } = request.header;
    if (requestType === "setObject") this.#journal.add({ type: "set", objectId });
    if (requestType === "getObject") this.#journal.add({ type: "get", objectId });
    if (!this.script(request)) request.proceed();
  }

  #proceed(request: StorageRequest): void {
    const { requestType, objectId } = request.header;
    if (requestType === "setObject") {
      this.put(objectId, request.payload ?? Buffer.alloc(0));
      this.#journal.add({ type: "stored", objectId });
      request.answer();
    } else if (requestType === "getObject") {
      this.#get(request);
    } else if (requestType === "infoGetTotal") {
      request.answer(Buffer.alloc(8), { responseType: "infoGetTotalOK" });
    } else {
      request.answer(undefined, { responseType: this.objects.delete(objectId) ? "delOK" : "delNotExists" });
    }
  }

  #get(request: StorageRequest): void {
    const { objectId, payloadLength } = request.header;
    const body = this.objects.get(objectId);
    if (body === undefined) this.#parked.push(request);
    else request.answer(body.subarray(0, payloadLength));
  }

  #request(header: StorageRequestHeader, payload: Buffer | undefined, socket: Socket): StorageRequest {
    const request: StorageRequest = {
      header,
      payload,
      socket,
      answer(body = Buffer.alloc(0), as = {}) {
        const { requestType, objectId, requestId } = header;
        const responseType = requestType === "setObject" ? "setOK" : "getOK";
        const response = { responseType, objectId, payloadLength: body.length, responseId: requestId, ...as } as const;
        socket.write(framed(encodeStorageResponse(response)));
        if (body.length > 0) socket.write(framed(body));
      },
      proceed: () => this.#proceed(request),
    };
    return request;
  }
}
