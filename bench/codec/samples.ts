import { createHash } from "node:crypto";
import {
  encodeProfileResult,
  encodeTaskFlags,
  type Task,
  type TaskResult,
  type WorkerHeartbeat,
} from "@scaler-aws-hpc/scaler-protocol";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const identity = (text: string): string => Buffer.from(text).toString("hex");
const metadata = encodeTaskFlags({ profiling: true, priority: 3, streamOutput: false });

/** A task as `Client.map` makes them: ids of its own, two arguments, one capability. */
export const sampleTask = (seed: number): Task => ({
  kind: "task",
  taskId: digest(`task ${seed}`).slice(0, 32),
  source: identity(`Client|analysis|${digest(`client ${seed}`).slice(0, 32)}`),
  metadata,
  funcObjectId: digest(`function ${seed}`),
  functionArgs: [
    { type: "objectID", data: digest(`first ${seed}`) },
    { type: "objectID", data: digest(`second ${seed}`) },
  ],
  capabilities: [{ name: "linux", value: -1 }],
});

/** A successful result with its profile. */
export const sampleResult = (seed: number): TaskResult => ({
  kind: "taskResult",
  taskId: digest(`task ${seed}`).slice(0, 32),
  resultType: "success",
  metadata: encodeProfileResult({ durationSeconds: 1.5, peakMemoryBytes: 2 ** 28 + seed, cpuSeconds: 1.25 }),
  results: [digest(`result ${seed}`)],
});

/** The heartbeat of a worker with four busy slots. */
export const sampleHeartbeat = (seed: number): WorkerHeartbeat => ({
  kind: "workerHeartbeat",
  agent: { cpuPermille: 120, rssBytes: 2 ** 27 + seed },
  rssFreeBytes: 2 ** 33,
  queueSize: 1000,
  queuedTasks: seed,
  latencyMicroseconds: 431,
  taskLock: false,
  processors: Array.from({ length: 4 }, (_, slot) => ({
    pid: 4000 + slot,
    initialized: true,
    hasTask: true,
    suspended: false,
    resource: { cpuPermille: 1000, rssBytes: 2 ** 29 + slot },
    currentTaskId: digest(`task ${seed} ${slot}`).slice(0, 32),
    taskAgeSeconds: 12 + slot,
  })),
  capabilities: [
    { name: "linux", value: -1 },
    { name: "cpu", value: 4 },
  ],
  workerManagerId: "aws-batch-1",
  memLimitBytes: 2 ** 35,
  hostname: "node-1",
  netSentBytes: 2 ** 30,
  netReceivedBytes: 2 ** 31,
});
