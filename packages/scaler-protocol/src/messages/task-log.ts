import { type FrameWriter, hexSize, textSize } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";

/** Which stream of a task a text was printed to. */
export type TaskLogType = "stdout" | "stderr";

/** Worker to scheduler to client: what a task printed. Only while the task is unanswered: later it ends schedulers up to 2.6.0. */
export interface TaskLog {
  readonly kind: "taskLog";
  /** 16 bytes, lower-case hex. */
  readonly taskId: string;
  readonly logType: TaskLogType;
  /** Printed by the client as it is. */
  readonly content: string;
}

const TYPES: readonly TaskLogType[] = ["stdout", "stderr"];

/** Writes a log frame. */
export function writeTaskLog(writer: FrameWriter, ordinal: number, { taskId, logType, content }: TaskLog): void {
  const body = writer.begin(ordinal, 8, 2, hexSize(taskId) + textSize(content));
  writer.uint16(body, TYPES.indexOf(logType));
  writer.hex(body + 8, taskId);
  writer.text(body + 16, content);
}

/** Reads a log, or `undefined` when it is of a stream that is not known. */
export function readTaskLog(body: StructView): TaskLog | undefined {
  const logType = TYPES[body.uint16(0)];
  return logType && { kind: "taskLog", taskId: body.hex(0), logType, content: body.text(1) };
}
