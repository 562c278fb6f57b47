import type { Heartbeat, ProcessUse, SlotStatus, TaskAnswer, WorkerMessage } from "@scaler-aws-hpc/adapter-core";
import {
  type Capability,
  encodeMessage,
  encodeProfileResult,
  type Magic,
  type ProcessorStatus,
  type Resource,
  type SchedulerMessage,
} from "@scaler-aws-hpc/scaler-protocol";

const U32 = 2 ** 32 - 1;

/** What a worker says, as frames, in order. */
export function workerFrames(message: WorkerMessage, magic: Magic): Uint8Array[] {
  return toMessages(message).map((one) => encodeMessage(one, magic));
}

/** Name to value as a list. */
export const capabilityList = (capabilities: Readonly<Record<string, number>>): Capability[] =>
  Object.entries(capabilities).map(([name, value]) => ({ name, value }));

/** A number as 32 bits without a sign hold it. */
export const u32 = (value: number): number => Math.max(0, Math.min(U32, Math.round(value) || 0));

function toMessages(message: WorkerMessage): SchedulerMessage[] {
  switch (message.type) {
    case "heartbeat":
      return [heartbeat(message)];
    case "confirm":
      return [{ kind: "taskCancelConfirm", taskId: message.taskId, cancelConfirmType: message.answer }];
    case "log":
      return [{ kind: "taskLog", taskId: message.taskId, logType: message.stream, content: message.text }];
    case "results": {
      const { source, results } = message;
      return [
        {
          kind: "objectInstruction",
          instructionType: "create",
          objectUser: source,
          objectIds: results.map(({ objectId }) => objectId),
          objectTypes: results.map(() => "object"),
          objectNames: results.map(({ objectId }) => Buffer.from(`<res ${objectId.slice(32, 38)}>`)),
          objectSizes: results.map(({ objectBytes }) => objectBytes),
        },
        ...results.map(taskResult),
      ];
    }
  }
}

function taskResult({ taskId, status, objectId, profile }: TaskAnswer): SchedulerMessage {
  const { seconds, peakBytes, cpuSeconds } = profile;
  return {
    kind: "taskResult",
    taskId,
    resultType: status,
    metadata: encodeProfileResult({
      durationSeconds: seconds,
      peakMemoryBytes: Math.max(0, Math.trunc(peakBytes)),
      cpuSeconds,
    }),
    results: [objectId],
  };
}

function heartbeat(beat: Heartbeat): SchedulerMessage {
  return {
    kind: "workerHeartbeat",
    agent: resource(beat.agent),
    rssFreeBytes: Math.trunc(beat.memoryFreeBytes),
    queueSize: u32(beat.queueSize),
    queuedTasks: u32(beat.queuedTasks),
    // One way, as native workers report it.
    latencyMicroseconds: u32((beat.latencyMs * 1_000) / 2),
    taskLock: beat.full,
    processors: beat.slots.map(processor),
    capabilities: capabilityList(beat.capabilities),
    workerManagerId: beat.workerManagerId,
    memLimitBytes: Math.trunc(beat.memoryLimitBytes),
    hostname: beat.hostname,
    netSentBytes: 0,
    netReceivedBytes: 0,
  };
}

function processor(slot: SlotStatus): ProcessorStatus {
  return {
    pid: u32(slot.pid),
    initialized: true,
    hasTask: slot.hasTask,
    suspended: false,
    resource: resource(slot),
    currentTaskId: slot.taskId ?? "",
    taskAgeSeconds: u32(slot.taskAgeSeconds),
  };
}

const resource = (use: ProcessUse): Resource => ({
  cpuPermille: Math.max(0, Math.min(65_535, Math.round(use.cpuPermille))),
  rssBytes: Math.max(0, Math.trunc(use.rssBytes)),
});
