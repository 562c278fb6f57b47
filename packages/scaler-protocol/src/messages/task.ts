import { dataSize, type FrameWriter, hexSize } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";
import { type Capability, capabilitiesSize, readCapabilities, writeCapabilities } from "./capability.ts";

/** One argument of a task: an object to fetch, or (inside a graph, never at a worker) the result of another task. */
export interface TaskArgument {
  readonly type: "task" | "objectID";
  /** Id of the object (32 bytes) or task (16 bytes), lower-case hex. */
  readonly data: string;
}

/** Scheduler to worker: run this. Client to scheduler: have this run. */
export interface Task {
  readonly kind: "task";
  /** 16 bytes, lower-case hex. */
  readonly taskId: string;
  /** Identity of the client that owns the task, lower-case hex. */
  readonly source: string;
  /** See {@link decodeTaskFlags}. */
  readonly metadata: Uint8Array;
  /** Object id of the function, 32 bytes, lower-case hex. */
  readonly funcObjectId: string;
  readonly functionArgs: readonly TaskArgument[];
  readonly capabilities: readonly Capability[];
}

const ARGUMENT_TYPES = ["task", "objectID"] as const;

/** Writes a task frame. */
export function writeTask(writer: FrameWriter, ordinal: number, task: Task): void {
  const { taskId, source, metadata, funcObjectId, functionArgs, capabilities } = task;
  let size = hexSize(taskId) + hexSize(source) + dataSize(metadata) + hexSize(funcObjectId) + 8;
  for (const { data } of functionArgs) size += 16 + hexSize(data);
  const body = writer.begin(ordinal, 0, 6, size + capabilitiesSize(capabilities));
  writer.hex(body, taskId);
  writer.hex(body + 8, source);
  writer.data(body + 16, metadata);
  writer.hex(body + 24, funcObjectId);
  let at = writer.structs(body + 32, functionArgs.length, 8, 1);
  for (const { type, data } of functionArgs) {
    writer.uint16(at, type === "task" ? 0 : 1);
    writer.hex(at + 8, data);
    at += 16;
  }
  writeCapabilities(writer, body + 40, capabilities);
}

/** Reads a task, or `undefined` when an argument is of a type that is not known. */
export function readTask(body: StructView): Task | undefined {
  const list = body.list(4);
  const count = list === undefined ? 0 : list.length;
  const functionArgs: TaskArgument[] = [];
  for (let index = 0; list !== undefined && index < count; index++) {
    const argument = list.struct(index);
    const type = ARGUMENT_TYPES[argument.uint16(0)];
    if (type === undefined) return undefined;
    functionArgs.push({ type, data: argument.hex(0) });
  }
  return {
    kind: "task",
    taskId: body.hex(0),
    source: body.hex(1),
    metadata: body.data(2),
    funcObjectId: body.hex(3),
    functionArgs,
    capabilities: readCapabilities(body.list(5)),
  };
}
