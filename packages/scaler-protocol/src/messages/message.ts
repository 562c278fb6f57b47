import type { ClientHeartbeat } from "./client-heartbeat.ts";
import type {
  ClientDisconnect,
  ClientShutdownResponse,
  DisconnectRequest,
  DisconnectResponse,
  WorkerDisconnectNotification,
} from "./disconnect.ts";
import type { ClientHeartbeatEcho, WorkerHeartbeatEcho } from "./heartbeat-echo.ts";
import type { ObjectInstruction } from "./object-instruction.ts";
import type { Task } from "./task.ts";
import type { TaskCancel, TaskCancelConfirm } from "./task-cancel.ts";
import type { TaskLog } from "./task-log.ts";
import type { TaskResult } from "./task-result.ts";
import type { WorkerHeartbeat } from "./worker-heartbeat.ts";
import type { WorkerManagerCommand, WorkerManagerHeartbeat, WorkerManagerHeartbeatEcho } from "./worker-manager.ts";

/** Every message that a worker, a manager or a client exchanges with the scheduler, told apart by `kind`. */
export type SchedulerMessage =
  | Task
  | TaskCancel
  | TaskCancelConfirm
  | TaskResult
  | TaskLog
  | ObjectInstruction
  | ClientHeartbeat
  | ClientHeartbeatEcho
  | WorkerHeartbeat
  | WorkerHeartbeatEcho
  | DisconnectRequest
  | DisconnectResponse
  | WorkerDisconnectNotification
  | ClientDisconnect
  | ClientShutdownResponse
  | WorkerManagerHeartbeat
  | WorkerManagerHeartbeatEcho
  | WorkerManagerCommand;

/**
 * A well-formed message that is not for us: of a later release, for monitors, or with a choice that did not exist when
 * this was written. To be counted and ignored.
 */
export interface UnknownMessage {
  readonly kind: "unknown";
  readonly ordinal: number;
}
