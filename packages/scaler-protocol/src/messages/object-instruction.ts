import { dataSize, type FrameWriter, hexSize, padded } from "../codec/frame-writer.ts";
import type { Magic } from "../codec/magic.ts";
import type { StructView } from "../codec/struct-view.ts";

/** What an object holds. */
export type ObjectContentType = "serializer" | "object";

/** What is said about objects: they exist, they go, or (client only) all of a user's go. */
export type ObjectInstructionType = "create" | "delete" | "clear";

/** Worker or client to scheduler: objects were stored. Scheduler to worker: objects go, drop what is cached of them. */
export interface ObjectInstruction {
  readonly kind: "objectInstruction";
  readonly instructionType: ObjectInstructionType;
  /** Client that owns the objects, lower-case hex; empty in a delete from the scheduler. */
  readonly objectUser: string;
  /** 32 bytes each, lower-case hex. */
  readonly objectIds: readonly string[];
  /** One per id in a create, none in a delete. */
  readonly objectTypes: readonly ObjectContentType[];
  /** One per id in a create, none in a delete. */
  readonly objectNames: readonly Uint8Array[];
  /** Bytes of each object; not sent on numbering 1, which has no such field. @default none */
  readonly objectSizes?: readonly number[];
}

const INSTRUCTIONS: readonly ObjectInstructionType[] = ["create", "delete", "clear"];
const CONTENT_TYPES: readonly ObjectContentType[] = ["serializer", "object"];

/** Writes an object instruction frame. */
export function writeObjectInstruction(
  writer: FrameWriter,
  ordinal: number,
  instruction: ObjectInstruction,
  magic: Magic,
): void {
  const { instructionType, objectUser, objectIds, objectTypes, objectNames } = instruction;
  const objectSizes = magic === 1 ? undefined : instruction.objectSizes;
  const fields = magic === 1 ? 3 : 4;
  let size = hexSize(objectUser) + 8 * fields + padded(2 * objectTypes.length) + 8 * (objectSizes?.length ?? 0);
  for (const id of objectIds) size += 8 + hexSize(id);
  for (const name of objectNames) size += 8 + dataSize(name);
  const body = writer.begin(ordinal, 8, 2, size);
  writer.uint16(body, INSTRUCTIONS.indexOf(instructionType));
  writer.hex(body + 8, objectUser);
  const metadata = writer.struct(body + 16, 0, fields);
  let at = writer.pointers(metadata, objectIds.length);
  for (const id of objectIds) {
    writer.hex(at, id);
    at += 8;
  }
  at = writer.numbers(metadata + 8, 3, objectTypes.length);
  for (const type of objectTypes) {
    writer.uint16(at, CONTENT_TYPES.indexOf(type));
    at += 2;
  }
  at = writer.pointers(metadata + 16, objectNames.length);
  for (const name of objectNames) {
    writer.data(at, name);
    at += 8;
  }
  if (objectSizes === undefined) return;
  at = writer.numbers(metadata + 24, 5, objectSizes.length);
  for (const bytes of objectSizes) {
    writer.uint64(at, bytes);
    at += 8;
  }
}

/** Reads an object instruction, or `undefined` when it, or an object, is of a type that is not known. */
export function readObjectInstruction(body: StructView): ObjectInstruction | undefined {
  const instructionType = INSTRUCTIONS[body.uint16(0)];
  if (instructionType === undefined) return undefined;
  const metadata = body.struct(1);
  const ids = metadata.list(0);
  const objectIds: string[] = [];
  for (let index = 0; ids !== undefined && index < ids.length; index++) objectIds.push(ids.hex(index));
  const types = metadata.list(1);
  const objectTypes: ObjectContentType[] = [];
  for (let index = 0; types !== undefined && index < types.length; index++) {
    const type = CONTENT_TYPES[types.uint16(index)];
    if (type === undefined) return undefined;
    objectTypes.push(type);
  }
  const names = metadata.list(2);
  const objectNames: Uint8Array[] = [];
  for (let index = 0; names !== undefined && index < names.length; index++) objectNames.push(names.data(index));
  const known = {
    kind: "objectInstruction",
    instructionType,
    objectUser: body.hex(0),
    objectIds,
    objectTypes,
    objectNames,
  } as const;
  const sizes = metadata.list(3);
  if (sizes === undefined) return known;
  const objectSizes: number[] = [];
  for (let index = 0; index < sizes.length; index++) objectSizes.push(sizes.uint64(index));
  return { ...known, objectSizes };
}
