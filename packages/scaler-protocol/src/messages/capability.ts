import { type FrameWriter, textSize } from "../codec/frame-writer.ts";
import type { ListView } from "../codec/list-view.ts";

/** Something a worker offers or a task asks for. From 2.3.5 to 2.9.0 the scheduler blanks those of a task: right count, all `("", 0)`. */
export interface Capability {
  readonly name: string;
  /** A quantity, -1 for none; a whole number up to 2^53 - 1 either way. */
  readonly value: number;
}

const NONE: readonly Capability[] = Object.freeze([]);

/** Content size of a list of capabilities. */
export function capabilitiesSize(capabilities: readonly Capability[]): number {
  let size = 8;
  for (const { name } of capabilities) size += 16 + textSize(name);
  return size;
}

/** Appends a list of capabilities. */
export function writeCapabilities(writer: FrameWriter, pointer: number, capabilities: readonly Capability[]): void {
  let at = writer.structs(pointer, capabilities.length, 8, 1);
  for (const { name, value } of capabilities) {
    writer.int64(at, value);
    writer.text(at + 8, name);
    at += 16;
  }
}

/** Reads a list of capabilities. */
export function readCapabilities(list: ListView | undefined): readonly Capability[] {
  if (list === undefined || list.length === 0) return NONE;
  const capabilities: Capability[] = [];
  for (let index = 0; index < list.length; index++) {
    const capability = list.struct(index);
    capabilities.push({ name: capability.text(0), value: capability.int64(0) });
  }
  return capabilities;
}
