import { type FrameWriter, hexSize } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";

/** Numbering 1. Worker to scheduler: this worker leaves; the scheduler believes the payload, not the sender. */
export interface DisconnectRequest {
  readonly kind: "disconnectRequest";
  /** Identity of the worker, lower-case hex. */
  readonly worker: string;
}

/** Numbering 1. Scheduler to worker: the tasks of that worker went to others. */
export interface DisconnectResponse {
  readonly kind: "disconnectResponse";
  /** Identity of the worker, lower-case hex. */
  readonly worker: string;
}

/** Numbering 2. Worker to scheduler: the sender of this leaves. There is no answer. */
export interface WorkerDisconnectNotification {
  readonly kind: "workerDisconnectNotification";
}

/** Client to scheduler: one client leaves, or the whole cluster is to end. To a worker only `shutdown` comes. */
export interface ClientDisconnect {
  readonly kind: "clientDisconnect";
  readonly disconnectType: "disconnect" | "shutdown";
}

/** Scheduler to client: whether the cluster ends (a protected scheduler refuses). */
export interface ClientShutdownResponse {
  readonly kind: "clientShutdownResponse";
  readonly accepted: boolean;
}

/** Writes the frame of numbering 1's request to leave or its answer. */
export function writeDisconnect(
  writer: FrameWriter,
  ordinal: number,
  { worker }: DisconnectRequest | DisconnectResponse,
): void {
  writer.hex(writer.begin(ordinal, 0, 1, hexSize(worker)), worker);
}

/** Writes the frame of a message without fields. */
export function writeEmpty(writer: FrameWriter, ordinal: number): void {
  writer.begin(ordinal, 0, 0, 0);
}

/** Writes a client's frame of farewell. */
export function writeClientDisconnect(writer: FrameWriter, ordinal: number, message: ClientDisconnect): void {
  writer.uint16(writer.begin(ordinal, 8, 0, 0), message.disconnectType === "shutdown" ? 1 : 0);
}

/** Reads a client's farewell, or `undefined` when it is of a type that is not known. */
export function readClientDisconnect(body: StructView): ClientDisconnect | undefined {
  const type = body.uint16(0);
  if (type > 1) return undefined;
  return { kind: "clientDisconnect", disconnectType: type === 1 ? "shutdown" : "disconnect" };
}

/** Writes the frame of the answer to a client's shutdown. */
export function writeClientShutdownResponse(
  writer: FrameWriter,
  ordinal: number,
  answer: ClientShutdownResponse,
): void {
  writer.bit(writer.begin(ordinal, 8, 0, 0), 0, answer.accepted);
}
