import { type FrameWriter, textSize } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";

/** Where the object storage listens. */
export interface ObjectStorageAddress {
  readonly host: string;
  readonly port: number;
  /** `tcp`, `tls`, `ws` or `wss`; empty from schedulers before 2.2.0, which means `tcp`. */
  readonly scheme: string;
}

/** Scheduler to client: heard you. */
export interface ClientHeartbeatEcho {
  readonly kind: "clientHeartbeatEcho";
  readonly objectStorageAddress: ObjectStorageAddress;
}

/** Scheduler to worker: heard you. */
export interface WorkerHeartbeatEcho {
  readonly kind: "workerHeartbeatEcho";
  readonly objectStorageAddress: ObjectStorageAddress;
}

/** Writes the frame of either echo. */
export function writeHeartbeatEcho(
  writer: FrameWriter,
  ordinal: number,
  { objectStorageAddress: { host, port, scheme } }: ClientHeartbeatEcho | WorkerHeartbeatEcho,
): void {
  const body = writer.begin(ordinal, 0, 1, 24 + textSize(host) + textSize(scheme));
  const address = writer.struct(body, 8, 2);
  writer.uint16(address, port);
  writer.text(address + 8, host);
  writer.text(address + 16, scheme);
}

/** Reads the address that either echo carries. */
export function readEchoAddress(body: StructView): ObjectStorageAddress {
  const address = body.struct(0);
  return { host: address.text(0), port: address.uint16(0), scheme: address.text(1) };
}
