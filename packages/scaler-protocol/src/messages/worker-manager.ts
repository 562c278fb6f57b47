import { type FrameWriter, utf8Size } from "../codec/frame-writer.ts";
import type { StructView } from "../codec/struct-view.ts";
import { type Capability, capabilitiesSize, readCapabilities, writeCapabilities } from "./capability.ts";

/** Manager to scheduler: still here, and able to run so much. */
export interface WorkerManagerHeartbeat {
  readonly kind: "workerManagerHeartbeat";
  /** Unsigned 32 bits: there is no value for "unlimited". */
  readonly maxTaskConcurrency: number;
  readonly capabilities: readonly Capability[];
  readonly workerManagerId: string;
}

/** Scheduler to manager: heard you. */
export interface WorkerManagerHeartbeatEcho {
  readonly kind: "workerManagerHeartbeatEcho";
}

/** How many tasks at once the scheduler would like to see run on workers with these capabilities. */
export interface DesiredTaskConcurrency {
  readonly taskConcurrency: number;
  readonly capabilities: readonly Capability[];
}

/** What schedulers before 2.3.5 may say instead: start one worker, or stop some. */
export interface LegacyWorkerCommand {
  readonly command: "start" | "shutdown";
  /** Worker identities, or (before 1.21) one worker group, lower-case hex. */
  readonly workerIds: readonly string[];
  readonly capabilities: readonly Capability[];
}

/** Scheduler to manager: what to scale to. Of the three shapes on the wire only the present one is ever sent from here. */
export interface WorkerManagerCommand {
  readonly kind: "workerManagerCommand";
  /** All that is asked for; empty together with a legacy command. */
  readonly setDesiredTaskConcurrencyRequests: readonly DesiredTaskConcurrency[];
  readonly legacy?: LegacyWorkerCommand;
}

/** Writes a manager's heartbeat frame. */
export function writeWorkerManagerHeartbeat(writer: FrameWriter, ordinal: number, beat: WorkerManagerHeartbeat): void {
  const body = writer.begin(ordinal, 8, 2, capabilitiesSize(beat.capabilities) + utf8Size(beat.workerManagerId));
  writer.uint32(body, beat.maxTaskConcurrency);
  writeCapabilities(writer, body + 8, beat.capabilities);
  writer.utf8(body + 16, beat.workerManagerId);
}

/** Reads a manager's heartbeat. */
export const readWorkerManagerHeartbeat = (body: StructView): WorkerManagerHeartbeat => ({
  kind: "workerManagerHeartbeat",
  maxTaskConcurrency: body.uint32(0),
  capabilities: readCapabilities(body.list(0)),
  workerManagerId: body.utf8(1),
});

/** Writes a command frame in the present shape; a legacy command is not written. */
export function writeWorkerManagerCommand(writer: FrameWriter, ordinal: number, command: WorkerManagerCommand): void {
  const requests = command.setDesiredTaskConcurrencyRequests;
  let size = 8;
  for (const { capabilities } of requests) size += 16 + capabilitiesSize(capabilities);
  const body = writer.begin(ordinal, 0, 1, size);
  let at = writer.structs(body, requests.length, 8, 1);
  for (const { taskConcurrency, capabilities } of requests) {
    writer.uint32(at, taskConcurrency);
    writeCapabilities(writer, at + 8, capabilities);
    at += 16;
  }
}

/**
 * Reads a command; `undefined` for one that is not known. The shapes are told apart by the struct's size:
 *
 * | release | data bytes | pointers |
 * |---|---|---|
 * | 1.16 to 2.0 | 8 (command) | 2: worker ids or one group, capabilities |
 * | 2.1 to 2.3.4 | 8 (command, 2 = the requests) | 3: worker ids, capabilities, requests |
 * | 2.3.5 and later | 0 | 1: requests |
 */
export function readWorkerManagerCommand(body: StructView): WorkerManagerCommand | undefined {
  if (body.dataBytes === 0)
    return { kind: "workerManagerCommand", setDesiredTaskConcurrencyRequests: readRequests(body, 0) };
  const command = body.uint16(0);
  if (command === 2) return { kind: "workerManagerCommand", setDesiredTaskConcurrencyRequests: readRequests(body, 2) };
  if (command > 2) return undefined;
  const legacy: LegacyWorkerCommand = {
    command: command === 0 ? "start" : "shutdown",
    workerIds: readWorkerIds(body),
    capabilities: readCapabilities(body.list(1)),
  };
  return { kind: "workerManagerCommand", setDesiredTaskConcurrencyRequests: [], legacy };
}

function readRequests(body: StructView, index: number): readonly DesiredTaskConcurrency[] {
  const list = body.list(index);
  const requests: DesiredTaskConcurrency[] = [];
  for (let at = 0; list !== undefined && at < list.length; at++) {
    const request = list.struct(at);
    requests.push({ taskConcurrency: request.uint32(0), capabilities: readCapabilities(request.list(0)) });
  }
  return requests;
}

function readWorkerIds(body: StructView): readonly string[] {
  if (body.holdsBytes(0)) return [body.hex(0)];
  const list = body.list(0);
  const ids: string[] = [];
  for (let index = 0; list !== undefined && index < list.length; index++) ids.push(list.hex(index));
  return ids;
}
