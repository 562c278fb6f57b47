import { writeClientHeartbeat } from "../messages/client-heartbeat.ts";
import {
  writeClientDisconnect,
  writeClientShutdownResponse,
  writeDisconnect,
  writeEmpty,
} from "../messages/disconnect.ts";
import { writeHeartbeatEcho } from "../messages/heartbeat-echo.ts";
import type { SchedulerMessage } from "../messages/message.ts";
import { writeObjectInstruction } from "../messages/object-instruction.ts";
import { writeTask } from "../messages/task.ts";
import { writeTaskCancel, writeTaskCancelConfirm } from "../messages/task-cancel.ts";
import { writeTaskLog } from "../messages/task-log.ts";
import { writeTaskResult } from "../messages/task-result.ts";
import { writeWorkerHeartbeat } from "../messages/worker-heartbeat.ts";
import { writeWorkerManagerCommand, writeWorkerManagerHeartbeat } from "../messages/worker-manager.ts";
import { ProtocolError } from "../protocol-error.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { Magic } from "./magic.ts";
import { ORDINALS } from "./ordinals.ts";

// Encoding is synchronous and calls nothing of the caller's, so one writer serves all.
const writer = new FrameWriter();

/**
 * Encodes one message as one frame, equal byte for byte to what the released binding makes of the same fields
 * (2.6.0 for `magic` 1, 2.9.0 for 2) as long as that fits its first segment of 8 KiB; beyond, the binding uses
 * several segments and we one. The frame is the caller's own: nothing writes to it later.
 *
 * @throws {ProtocolError} `version` for a message that the numbering does not have; `malformed` for an id that is not
 * hex or a number out of range; `limit` for a frame of 2^29 bytes or more
 */
export function encodeMessage(message: SchedulerMessage, magic: Magic): Uint8Array {
  const ordinal = ORDINALS[magic][message.kind];
  if (ordinal === undefined) {
    throw new ProtocolError("version", `${message.kind} does not exist for a peer that greets with YMQ\\x0${magic}`);
  }
  write(message, ordinal, magic);
  return writer.finish();
}

function write(message: SchedulerMessage, ordinal: number, magic: Magic): void {
  switch (message.kind) {
    case "task":
      writeTask(writer, ordinal, message);
      break;
    case "taskResult":
      writeTaskResult(writer, ordinal, message);
      break;
    case "objectInstruction":
      writeObjectInstruction(writer, ordinal, message, magic);
      break;
    case "taskCancel":
      writeTaskCancel(writer, ordinal, message);
      break;
    case "taskCancelConfirm":
      writeTaskCancelConfirm(writer, ordinal, message);
      break;
    case "taskLog":
      writeTaskLog(writer, ordinal, message);
      break;
    case "workerHeartbeat":
      writeWorkerHeartbeat(writer, ordinal, message, magic);
      break;
    case "clientHeartbeat":
      writeClientHeartbeat(writer, ordinal, message, magic);
      break;
    case "clientHeartbeatEcho":
    case "workerHeartbeatEcho":
      writeHeartbeatEcho(writer, ordinal, message);
      break;
    case "disconnectRequest":
    case "disconnectResponse":
      writeDisconnect(writer, ordinal, message);
      break;
    case "workerDisconnectNotification":
    case "workerManagerHeartbeatEcho":
      writeEmpty(writer, ordinal);
      break;
    case "clientDisconnect":
      writeClientDisconnect(writer, ordinal, message);
      break;
    case "clientShutdownResponse":
      writeClientShutdownResponse(writer, ordinal, message);
      break;
    case "workerManagerHeartbeat":
      writeWorkerManagerHeartbeat(writer, ordinal, message);
      break;
    case "workerManagerCommand":
      writeWorkerManagerCommand(writer, ordinal, message);
      break;
  }
}
