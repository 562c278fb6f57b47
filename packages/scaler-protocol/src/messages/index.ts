export type { Capability } from "./capability.ts";
export type { ClientHeartbeat } from "./client-heartbeat.ts";
export type {
  ClientDisconnect,
  ClientShutdownResponse,
  DisconnectRequest,
  DisconnectResponse,
  WorkerDisconnectNotification,
} from "./disconnect.ts";
export type { ClientHeartbeatEcho, ObjectStorageAddress, WorkerHeartbeatEcho } from "./heartbeat-echo.ts";
export type { SchedulerMessage, UnknownMessage } from "./message.ts";
export type { ObjectContentType, ObjectInstruction, ObjectInstructionType } from "./object-instruction.ts";
export type { ProcessorStatus } from "./processor-status.ts";
export { decodeProfileResult, encodeProfileResult, type ProfileResult } from "./profile-result.ts";
export type { Resource } from "./resource.ts";
export type { Task, TaskArgument } from "./task.ts";
export type { TaskCancel, TaskCancelConfirm, TaskCancelConfirmType } from "./task-cancel.ts";
export { decodeTaskFlags, encodeTaskFlags, type TaskFlags } from "./task-flags.ts";
export type { TaskLog, TaskLogType } from "./task-log.ts";
export type { TaskResult, TaskResultType } from "./task-result.ts";
export type { WorkerHeartbeat } from "./worker-heartbeat.ts";
export type {
  DesiredTaskConcurrency,
  LegacyWorkerCommand,
  WorkerManagerCommand,
  WorkerManagerHeartbeat,
  WorkerManagerHeartbeatEcho,
} from "./worker-manager.ts";
