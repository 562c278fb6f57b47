import { type FrameWriter, textSize } from "../codec/frame-writer.ts";
import type { Magic } from "../codec/magic.ts";
import type { StructView } from "../codec/struct-view.ts";
import { RESOURCE_SIZE, type Resource, readResource, writeResource } from "./resource.ts";

/** Client to scheduler: still here. The first one introduces the client. */
export interface ClientHeartbeat {
  readonly kind: "clientHeartbeat";
  readonly resource: Resource;
  /** Round trip of the heartbeat before. */
  readonly latencyMicroseconds: number;
  /** Not sent on numbering 1, which has no such field; empty when not given. */
  readonly hostname: string;
}

/** Writes a client's heartbeat frame. */
export function writeClientHeartbeat(
  writer: FrameWriter,
  ordinal: number,
  { resource, latencyMicroseconds, hostname }: ClientHeartbeat,
  magic: Magic,
): void {
  const body =
    magic === 1
      ? writer.begin(ordinal, 8, 1, RESOURCE_SIZE)
      : writer.begin(ordinal, 8, 2, RESOURCE_SIZE + textSize(hostname));
  writer.uint32(body, latencyMicroseconds);
  writeResource(writer, body + 8, resource);
  if (magic !== 1) writer.text(body + 16, hostname);
}

/** Reads a client's heartbeat. */
export const readClientHeartbeat = (body: StructView): ClientHeartbeat => ({
  kind: "clientHeartbeat",
  resource: readResource(body.struct(0)),
  latencyMicroseconds: body.uint32(0),
  hostname: body.text(1),
});
