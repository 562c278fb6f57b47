import { type FrameWriter, textSize, utf8Size } from "../codec/frame-writer.ts";
import type { Magic } from "../codec/magic.ts";
import type { StructView } from "../codec/struct-view.ts";
import { type Capability, capabilitiesSize, readCapabilities, writeCapabilities } from "./capability.ts";
import { type ProcessorStatus, processorsSize, readProcessors, writeProcessors } from "./processor-status.ts";
import { RESOURCE_SIZE, type Resource, readResource, writeResource } from "./resource.ts";

/**
 * Worker to scheduler: still here. Only the first one of a worker id sets queue size, capabilities and manager id;
 * the rest is shown on monitors. Fields marked (2) exist from numbering 2 on: left out on 1, read as 0 or empty.
 */
export interface WorkerHeartbeat {
  readonly kind: "workerHeartbeat";
  readonly agent: Resource;
  readonly rssFreeBytes: number;
  /** How many tasks the scheduler may hand out to this worker at once. */
  readonly queueSize: number;
  readonly queuedTasks: number;
  /** Round trip of the heartbeat before. */
  readonly latencyMicroseconds: number;
  readonly taskLock: boolean;
  readonly processors: readonly ProcessorStatus[];
  readonly capabilities: readonly Capability[];
  readonly workerManagerId: string;
  /** Memory that the worker may use, 0 when not known (2). */
  readonly memLimitBytes: number;
  /** (2) */
  readonly hostname: string;
  /** (2) */
  readonly netSentBytes: number;
  /** (2) */
  readonly netReceivedBytes: number;
}

/** Writes a worker's heartbeat frame: 24 bytes and 4 pointers on numbering 1 (2.6.0), 48 and 5 on 2 (2.9.0). */
export function writeWorkerHeartbeat(writer: FrameWriter, ordinal: number, beat: WorkerHeartbeat, magic: Magic): void {
  const { processors, capabilities, workerManagerId, hostname } = beat;
  const size =
    RESOURCE_SIZE + processorsSize(processors, magic) + capabilitiesSize(capabilities) + utf8Size(workerManagerId);
  const long = magic !== 1;
  const body = long ? writer.begin(ordinal, 48, 5, size + textSize(hostname)) : writer.begin(ordinal, 24, 4, size);
  writer.uint64(body, beat.rssFreeBytes);
  writer.uint32(body + 8, beat.queueSize);
  writer.uint32(body + 12, beat.queuedTasks);
  writer.uint32(body + 16, beat.latencyMicroseconds);
  writer.bit(body + 20, 0, beat.taskLock);
  if (long) {
    writer.uint64(body + 24, beat.memLimitBytes);
    writer.uint64(body + 32, beat.netSentBytes);
    writer.uint64(body + 40, beat.netReceivedBytes);
  }
  const fields = body + (long ? 48 : 24);
  writeResource(writer, fields, beat.agent);
  writeProcessors(writer, fields + 8, processors, magic);
  writeCapabilities(writer, fields + 16, capabilities);
  writer.utf8(fields + 24, workerManagerId);
  if (long) writer.text(fields + 32, hostname);
}

/** Reads a worker's heartbeat. */
export const readWorkerHeartbeat = (body: StructView): WorkerHeartbeat => ({
  kind: "workerHeartbeat",
  agent: readResource(body.struct(0)),
  rssFreeBytes: body.uint64(0),
  queueSize: body.uint32(8),
  queuedTasks: body.uint32(12),
  latencyMicroseconds: body.uint32(16),
  taskLock: body.bit(20, 0),
  processors: readProcessors(body.list(1)),
  capabilities: readCapabilities(body.list(2)),
  workerManagerId: body.utf8(3),
  memLimitBytes: body.uint64(24),
  hostname: body.text(4),
  netSentBytes: body.uint64(32),
  netReceivedBytes: body.uint64(40),
});
