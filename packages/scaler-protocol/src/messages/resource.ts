import type { FrameWriter } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";

/** What a process uses. */
export interface Resource {
  /** Processor use in thousandths of one core: 992 is 99.2 %. Up to 65,535. */
  readonly cpuPermille: number;
  /** Resident memory in bytes. */
  readonly rssBytes: number;
}

/** Content size of a resource. */
export const RESOURCE_SIZE = 16;

/** Appends a resource. */
export function writeResource(writer: FrameWriter, pointer: number, resource: Resource): void {
  const at = writer.struct(pointer, 16, 0);
  writer.uint16(at, resource.cpuPermille);
  writer.uint64(at + 8, resource.rssBytes);
}

/** Reads a resource. */
export const readResource = (resource: StructView): Resource => ({
  cpuPermille: resource.uint16(0),
  rssBytes: resource.uint64(8),
});
