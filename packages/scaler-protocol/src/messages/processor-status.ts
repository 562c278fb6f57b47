import { type FrameWriter, hexSize } from "../codec/frame-writer.ts";
import type { ListView } from "../codec/list-view.ts";
import type { Magic } from "../codec/magic.ts";
import { RESOURCE_SIZE, type Resource, readResource, writeResource } from "./resource.ts";

/** One processor of a worker, as monitors show it. */
export interface ProcessorStatus {
  readonly pid: number;
  readonly initialized: boolean;
  readonly hasTask: boolean;
  readonly suspended: boolean;
  readonly resource: Resource;
  /** Lower-case hex, empty for none. Numbering 2 only: left out on 1, read as empty. */
  readonly currentTaskId: string;
  /** Whole seconds that the task has run. Numbering 2 only: left out on 1, read as 0. */
  readonly taskAgeSeconds: number;
}

/** Content size of a list of processors. */
export function processorsSize(processors: readonly ProcessorStatus[], magic: Magic): number {
  if (magic === 1) return 8 + processors.length * (16 + RESOURCE_SIZE);
  let size = 8;
  for (const { currentTaskId } of processors) size += 32 + RESOURCE_SIZE + hexSize(currentTaskId);
  return size;
}

/** Appends a list of processors: 8 bytes and 1 pointer each on numbering 1 (2.6.0), 16 and 2 on 2 (2.9.0). */
export function writeProcessors(
  writer: FrameWriter,
  pointer: number,
  processors: readonly ProcessorStatus[],
  magic: Magic,
): void {
  const long = magic !== 1;
  const dataBytes = long ? 16 : 8;
  let at = writer.structs(pointer, processors.length, dataBytes, long ? 2 : 1);
  for (const processor of processors) {
    writer.uint32(at, processor.pid);
    writer.bit(at + 4, 0, processor.initialized);
    writer.bit(at + 4, 1, processor.hasTask);
    writer.bit(at + 4, 2, processor.suspended);
    writeResource(writer, at + dataBytes, processor.resource);
    if (long) {
      writer.uint32(at + 8, processor.taskAgeSeconds);
      writer.hex(at + 24, processor.currentTaskId);
    }
    at += long ? 32 : 16;
  }
}

/** Reads a list of processors. */
export function readProcessors(list: ListView | undefined): readonly ProcessorStatus[] {
  const processors: ProcessorStatus[] = [];
  for (let index = 0; list !== undefined && index < list.length; index++) {
    const processor = list.struct(index);
    processors.push({
      pid: processor.uint32(0),
      initialized: processor.bit(4, 0),
      hasTask: processor.bit(4, 1),
      suspended: processor.bit(4, 2),
      resource: readResource(processor.struct(0)),
      currentTaskId: processor.hex(1),
      taskAgeSeconds: processor.uint32(8),
    });
  }
  return processors;
}
