import { readClientHeartbeat } from "../messages/client-heartbeat.ts";
import { readClientDisconnect } from "../messages/disconnect.ts";
import { readEchoAddress } from "../messages/heartbeat-echo.ts";
import type { SchedulerMessage, UnknownMessage } from "../messages/message.ts";
import { readObjectInstruction } from "../messages/object-instruction.ts";
import { readTask } from "../messages/task.ts";
import { readTaskCancel, readTaskCancelConfirm } from "../messages/task-cancel.ts";
import { readTaskLog } from "../messages/task-log.ts";
import { readTaskResult } from "../messages/task-result.ts";
import { readWorkerHeartbeat } from "../messages/worker-heartbeat.ts";
import { readWorkerManagerCommand, readWorkerManagerHeartbeat } from "../messages/worker-manager.ts";
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from "./decode-limits.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Magic } from "./magic.ts";
import { messageName } from "./ordinals.ts";
import type { StructView } from "./struct-view.ts";

/**
 * Decodes one frame. The message shares no memory with it. What follows the last segment is ignored, as the C++
 * implementation does; structs shorter or longer than known are read as far as they go.
 *
 * @param limits all bounds; spread {@link DEFAULT_DECODE_LIMITS} to change one
 * @throws {ProtocolError} `truncated`, `malformed` or `limit`; nothing else, whatever the bytes
 */
export function decodeMessage(
  frame: Uint8Array,
  magic: Magic,
  limits: DecodeLimits = DEFAULT_DECODE_LIMITS,
): SchedulerMessage | UnknownMessage {
  const root = new FrameReader(frame, limits).root();
  const ordinal = root.uint16(0);
  return read(root, ordinal, magic) ?? { kind: "unknown", ordinal };
}

function read(root: StructView, ordinal: number, magic: Magic): SchedulerMessage | undefined {
  const name = messageName(ordinal, magic);
  switch (name) {
    case "task":
      return readTask(root.struct(0));
    case "taskResult":
      return readTaskResult(root.struct(0));
    case "objectInstruction":
      return readObjectInstruction(root.struct(0));
    case "taskCancel":
      return readTaskCancel(root.struct(0));
    case "taskCancelConfirm":
      return readTaskCancelConfirm(root.struct(0));
    case "taskLog":
      return readTaskLog(root.struct(0));
    case "workerHeartbeat":
      return readWorkerHeartbeat(root.struct(0));
    case "clientHeartbeat":
      return readClientHeartbeat(root.struct(0));
    case "clientHeartbeatEcho":
    case "workerHeartbeatEcho":
      return { kind: name, objectStorageAddress: readEchoAddress(root.struct(0)) };
    case "disconnectRequest":
    case "disconnectResponse":
      return { kind: name, worker: root.struct(0).hex(0) };
    case "workerDisconnectNotification":
    case "workerManagerHeartbeatEcho":
      return { kind: name };
    case "clientDisconnect":
      return readClientDisconnect(root.struct(0));
    case "clientShutdownResponse":
      return { kind: name, accepted: root.struct(0).bit(0, 0) };
    case "workerManagerHeartbeat":
      return readWorkerManagerHeartbeat(root.struct(0));
    case "workerManagerCommand":
      return readWorkerManagerCommand(root.struct(0));
    default:
      return undefined;
  }
}
