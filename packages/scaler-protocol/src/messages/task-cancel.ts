import { type FrameWriter, hexSize } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";

/** Scheduler to worker, client to scheduler: stop this task. Must be answered with a {@link TaskCancelConfirm}. */
export interface TaskCancel {
  readonly kind: "taskCancel";
  /** 16 bytes, lower-case hex. */
  readonly taskId: string;
  /** False asks for the task only if it has not begun (balancing). */
  readonly force: boolean;
}

/** What became of a task that was to be cancelled. */
export type TaskCancelConfirmType = "canceled" | "cancelFailed" | "cancelNotFound";

/** Worker to scheduler, scheduler to client: the answer to a {@link TaskCancel}. */
export interface TaskCancelConfirm {
  readonly kind: "taskCancelConfirm";
  /** 16 bytes, lower-case hex. */
  readonly taskId: string;
  readonly cancelConfirmType: TaskCancelConfirmType;
}

const CONFIRM_TYPES: readonly TaskCancelConfirmType[] = ["canceled", "cancelFailed", "cancelNotFound"];

/** Writes a cancel frame. */
export function writeTaskCancel(writer: FrameWriter, ordinal: number, { taskId, force }: TaskCancel): void {
  const body = writer.begin(ordinal, 0, 2, hexSize(taskId) + 8);
  writer.hex(body, taskId);
  writer.bit(writer.struct(body + 8, 8, 0), 0, force);
}

/** Reads a cancel. */
export const readTaskCancel = (body: StructView): TaskCancel => ({
  kind: "taskCancel",
  taskId: body.hex(0),
  force: body.struct(1).bit(0, 0),
});

/** Writes the frame of an answer to a cancel. */
export function writeTaskCancelConfirm(writer: FrameWriter, ordinal: number, confirm: TaskCancelConfirm): void {
  const body = writer.begin(ordinal, 8, 1, hexSize(confirm.taskId));
  writer.uint16(body, CONFIRM_TYPES.indexOf(confirm.cancelConfirmType));
  writer.hex(body + 8, confirm.taskId);
}

/** Reads the answer to a cancel, or `undefined` when it is of a type that is not known. */
export function readTaskCancelConfirm(body: StructView): TaskCancelConfirm | undefined {
  const cancelConfirmType = CONFIRM_TYPES[body.uint16(0)];
  return cancelConfirmType && { kind: "taskCancelConfirm", taskId: body.hex(0), cancelConfirmType };
}
