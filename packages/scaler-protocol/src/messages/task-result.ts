import { dataSize, type FrameWriter, hexSize } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";

/** How a task ended. */
export type TaskResultType = "success" | "failed" | "failedWorkerDied";

/** Worker to scheduler, scheduler to client: how a task ended, and where its result lies. */
export interface TaskResult {
  readonly kind: "taskResult";
  /** 16 bytes, lower-case hex. */
  readonly taskId: string;
  readonly resultType: TaskResultType;
  /** Empty, or exactly as of {@link encodeProfileResult}: another length leaves the client's future pending for ever. */
  readonly metadata: Uint8Array;
  /** Object ids, lower-case hex: one for `success` and `failed` (without it the client gets None), none for `failedWorkerDied`. */
  readonly results: readonly string[];
}

const TYPES: readonly TaskResultType[] = ["success", "failed", "failedWorkerDied"];

/** Writes a result frame. */
export function writeTaskResult(writer: FrameWriter, ordinal: number, result: TaskResult): void {
  const { taskId, resultType, metadata, results } = result;
  let size = hexSize(taskId) + dataSize(metadata);
  for (const id of results) size += 8 + hexSize(id);
  const body = writer.begin(ordinal, 8, 3, size);
  writer.uint16(body, TYPES.indexOf(resultType));
  writer.hex(body + 8, taskId);
  writer.data(body + 16, metadata);
  let at = writer.pointers(body + 24, results.length);
  for (const id of results) {
    writer.hex(at, id);
    at += 8;
  }
}

/** Reads a result, or `undefined` when it is of a type that is not known. */
export function readTaskResult(body: StructView): TaskResult | undefined {
  const resultType = TYPES[body.uint16(0)];
  if (resultType === undefined) return undefined;
  const list = body.list(2);
  const results: string[] = [];
  for (let index = 0; list !== undefined && index < list.length; index++) results.push(list.hex(index));
  return { kind: "taskResult", taskId: body.hex(0), resultType, metadata: body.data(1), results };
}
