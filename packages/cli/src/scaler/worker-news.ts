import type { SchedulerNews } from "@scaler-aws-hpc/adapter-core";
import {
  decodeTaskFlags,
  type SchedulerMessage,
  type Task,
  type UnknownMessage,
} from "@scaler-aws-hpc/scaler-protocol";

const TASK_ID = /^[0-9a-f]{32}$/;
const OBJECT_ID = /^[0-9a-f]{64}$/;
const DEFAULT_FLAGS = { priority: 0, streamOutput: false };

/** A message to a worker in the engine's words. Echoes and shutdowns are the link's own matter. */
export function workerNews(message: SchedulerMessage | UnknownMessage): SchedulerNews {
  switch (message.kind) {
    case "task":
      return taskNews(message);
    case "taskCancel":
      return { type: "cancel", taskId: message.taskId, force: message.force };
    case "objectInstruction":
      if (message.instructionType === "delete") return { type: "objects-deleted", ids: message.objectIds };
      return { type: "unknown", what: `objectInstruction ${message.instructionType}` };
    case "unknown":
      return { type: "unknown", what: `message ${message.ordinal}` };
    default:
      return { type: "unknown", what: message.kind };
  }
}

function taskNews({ taskId, source, funcObjectId, functionArgs, metadata }: Task): SchedulerNews {
  const argumentIds = functionArgs.map(({ data }) => data);
  if (!TASK_ID.test(taskId) || source === "" || ![funcObjectId, ...argumentIds].every((id) => OBJECT_ID.test(id))) {
    return { type: "unknown", what: "a task with an id of another length" };
  }
  const { priority, streamOutput } = flagsOf(metadata);
  return { type: "task", task: { taskId, source, functionId: funcObjectId, argumentIds, priority, streamOutput } };
}

/** Flags that cannot be read are no reason to lose a task. */
function flagsOf(metadata: Uint8Array): { readonly priority: number; readonly streamOutput: boolean } {
  try {
    return decodeTaskFlags(metadata);
  } catch {
    return DEFAULT_FLAGS;
  }
}
