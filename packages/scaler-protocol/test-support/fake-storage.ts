import type { Socket } from "node:net";
import { decodeStorageRequest, encodeStorageResponse, type StorageRequestHeader } from "../src/codec/storage-header.ts";
import { framed, greeting, Heard, type ScriptedServer, startServer } from "./scripted-server.ts";

/** One request as the fake saw it. */
export interface SeenRequest {
  readonly connection: number;
  readonly header: StorageRequestHeader;
  readonly payload: Buffer | undefined;
  /** Answers it; `body` follows the header unless it is empty. */
  answer(body?: Uint8Array, as?: Partial<Parameters<typeof encodeStorageResponse>[0]>): void;
  readonly socket: Socket;
}

/** An object storage that keeps objects in memory, and obeys a test's script. */
export interface FakeStorage extends ScriptedServer {
  readonly objects: Map<string, Buffer>;
  readonly requests: SeenRequest[];
  /** Identities of the connections, in order of their greetings. */
  readonly identities: readonly (string | undefined)[];
  /** Waits for the n-th request, from 1. */
  request(n: number): Promise<SeenRequest>;
}

/** @param script returns true for a request that it deals with itself */
export async function startStorage(script: (request: SeenRequest) => boolean = () => false): Promise<FakeStorage> {
  const objects = new Map<string, Buffer>();
  const parked: SeenRequest[] = [];
  const requests: SeenRequest[] = [];
  const heard: Heard[] = [];
  const waiting: { n: number; resolve: (request: SeenRequest) => void }[] = [];

  const give = (request: SeenRequest, body: Buffer): void =>
    request.answer(body.subarray(0, Math.min(body.length, request.header.payloadLength)));

  const handle = (request: SeenRequest): void => {
    requests.push(request);
    for (const waiter of waiting) if (waiter.n === requests.length) waiter.resolve(request);
    if (script(request)) return;
    const { requestType, objectId } = request.header;
    const there = objects.get(objectId);
    if (requestType === "setObject" && request.payload !== undefined) {
      objects.set(objectId, request.payload);
      for (const each of parked) if (each.header.objectId === objectId) give(each, request.payload);
      request.answer();
    } else if (requestType === "getObject") {
      if (there === undefined) parked.push(request);
      else give(request, there);
    } else if (requestType === "deleteObject") {
      request.answer(undefined, { responseType: objects.delete(objectId) ? "delOK" : "delNotExists" });
    }
  };

  const server = await startServer((socket, n) => {
    socket.write(greeting(2, "ObjectStorageServer"));
    let header: StorageRequestHeader | undefined;
    const finish = (done: StorageRequestHeader, payload: Buffer | undefined): void => {
      const responseType = done.requestType === "setObject" ? "setOK" : "getOK";
      const answer: SeenRequest["answer"] = (body = Buffer.alloc(0), as = {}) => {
        const { objectId, requestId } = done;
        const response = { responseType, objectId, responseId: requestId, payloadLength: body.length, ...as } as const;
        socket.write(framed(encodeStorageResponse(response)));
        if (body.length > 0) socket.write(framed(body));
      };
      handle({ connection: n, header: done, payload, answer, socket });
    };
    heard.push(
      new Heard(socket, (frame) => {
        const pending = header;
        header = undefined;
        if (pending !== undefined) return finish(pending, frame);
        const next = decodeStorageRequest(frame);
        if (next.requestType === "setObject" || next.requestType === "duplicateObjectID") header = next;
        else finish(next, undefined);
      }),
    );
  });

  const identities = { get: () => heard.map((each) => each.identity) };
  return Object.assign(Object.defineProperty(server as FakeStorage, "identities", identities), {
    objects,
    requests,
    request: (n: number) =>
      new Promise<SeenRequest>((resolve) => {
        const there = requests[n - 1];
        if (there === undefined) waiting.push({ n, resolve });
        else resolve(there);
      }),
  });
}

/** An object id whose every byte is `byte`. */
export const objectId = (byte: number): string => Buffer.alloc(32, byte).toString("hex");
