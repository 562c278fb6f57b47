import type { Capability, Resource, Task, TaskResult, WorkerHeartbeat } from "@scaler-aws-hpc/scaler-protocol";
import * as $ from "capnp-es";
import { type Ability, type Beat, Frame, type Job, type Outcome, type Slot, type Usage } from "./messages.ts";

// The same messages, from and to the same objects, by way of capnp-es: what an implementation without a codec of its
// own would look like. Ids are hex on one side and bytes on the other here too.

/** What this comparison covers. */
export type Sample = Task | TaskResult | WorkerHeartbeat;

const ARGUMENT_TYPES = ["task", "objectID"] as const;
const RESULT_TYPES = ["success", "failed", "failedWorkerDied"] as const;

const put = (data: $.Data, bytes: Uint8Array): void => data.copyBuffer(bytes);
const bytesOf = (hex: string): Buffer => Buffer.from(hex, "hex");

/** Encodes with capnp-es. */
export function encode(sample: Sample): Uint8Array {
  const message = new $.Message();
  const frame = message.initRoot(Frame);
  if (sample.kind === "task") writeTask(frame._initTask(), sample);
  else if (sample.kind === "taskResult") writeResult(frame._initTaskResult(), sample);
  else writeHeartbeat(frame._initWorkerHeartbeat(), sample);
  return new Uint8Array(message.toArrayBuffer());
}

function writeTask(job: Job, task: Task): void {
  putHex(job._initTaskId(task.taskId.length / 2), task.taskId);
  putHex(job._initSource(task.source.length / 2), task.source);
  put(job._initMetadata(task.metadata.length), task.metadata);
  putHex(job._initFuncObjectId(task.funcObjectId.length / 2), task.funcObjectId);
  const operands = job._initFunctionArgs(task.functionArgs.length);
  task.functionArgs.forEach(({ type, data }, index) => {
    const operand = operands.get(index);
    operand.type = ARGUMENT_TYPES.indexOf(type);
    putHex(operand._initData(data.length / 2), data);
  });
  writeAbilities(job._initCapabilities(task.capabilities.length), task.capabilities);
}

function writeResult(outcome: Outcome, result: TaskResult): void {
  putHex(outcome._initTaskId(result.taskId.length / 2), result.taskId);
  outcome.resultType = RESULT_TYPES.indexOf(result.resultType);
  put(outcome._initMetadata(result.metadata.length), result.metadata);
  const results = outcome._initResults(result.results.length);
  result.results.forEach((id, index) => {
    const data = results.get(index);
    initElement(data, id.length / 2);
    putHex(data, id);
  });
}

/** capnp-es has no call that makes room for an element of a list of data; these are the steps of the one for a field. */
function initElement(data: $.Data, length: number): void {
  const content = data.segment.allocate(length);
  const { offsetWords, pointer } = $.utils.initPointer(content.segment, content.byteOffset, data);
  $.utils.setListPointer(offsetWords, $.ListElementSize.BYTE, length, pointer);
}

function writeHeartbeat(beat: Beat, heartbeat: WorkerHeartbeat): void {
  writeUsage(beat._initAgent(), heartbeat.agent);
  beat.rssFree = BigInt(heartbeat.rssFreeBytes);
  beat.queueSize = heartbeat.queueSize;
  beat.queuedTasks = heartbeat.queuedTasks;
  beat.latencyMicroseconds = heartbeat.latencyMicroseconds;
  beat.taskLock = heartbeat.taskLock;
  const slots = beat._initProcessors(heartbeat.processors.length);
  heartbeat.processors.forEach((processor, index) => {
    const slot = slots.get(index);
    slot.pid = processor.pid;
    slot.initialized = processor.initialized;
    slot.hasTask = processor.hasTask;
    slot.suspended = processor.suspended;
    writeUsage(slot._initResource(), processor.resource);
    putHex(slot._initCurrentTaskId(processor.currentTaskId.length / 2), processor.currentTaskId);
    slot.taskAgeSeconds = processor.taskAgeSeconds;
  });
  writeAbilities(beat._initCapabilities(heartbeat.capabilities.length), heartbeat.capabilities);
  const manager = Buffer.from(heartbeat.workerManagerId);
  put(beat._initWorkerManagerId(manager.length), manager);
  beat.memLimit = BigInt(heartbeat.memLimitBytes);
  beat.hostname = heartbeat.hostname;
  beat.netSentBytes = BigInt(heartbeat.netSentBytes);
  beat.netReceivedBytes = BigInt(heartbeat.netReceivedBytes);
}

function writeUsage(usage: Usage, resource: Resource): void {
  usage.cpu = resource.cpuPermille;
  usage.rss = BigInt(resource.rssBytes);
}

function writeAbilities(abilities: $.List<Ability>, capabilities: readonly Capability[]): void {
  capabilities.forEach(({ name, value }, index) => {
    const ability = abilities.get(index);
    ability.name = name;
    ability.value = BigInt(value);
  });
}

const putHex = (data: $.Data, hex: string): void => put(data, bytesOf(hex));

/** Decodes with capnp-es, reading every field. */
export function decode(bytes: Uint8Array): Sample {
  const frame = new $.Message(bytes, false).getRoot(Frame);
  switch (frame.which()) {
    case Frame.TASK:
      return readTask(frame.task);
    case Frame.TASK_RESULT:
      return readResult(frame.taskResult);
    default:
      return readHeartbeat(frame.workerHeartbeat);
  }
}

const readTask = (job: Job): Task => ({
  kind: "task",
  taskId: hex(job.taskId),
  source: hex(job.source),
  metadata: copy(job.metadata),
  funcObjectId: hex(job.funcObjectId),
  functionArgs: job.functionArgs.map(({ type, data }) => ({ type: ARGUMENT_TYPES[type] ?? "task", data: hex(data) })),
  capabilities: job.capabilities.map(readAbility),
});

const readResult = (outcome: Outcome): TaskResult => ({
  kind: "taskResult",
  taskId: hex(outcome.taskId),
  resultType: RESULT_TYPES[outcome.resultType] ?? "failed",
  metadata: copy(outcome.metadata),
  results: outcome.results.map(hex),
});

const readHeartbeat = (beat: Beat): WorkerHeartbeat => ({
  kind: "workerHeartbeat",
  agent: readUsage(beat.agent),
  rssFreeBytes: Number(beat.rssFree),
  queueSize: beat.queueSize,
  queuedTasks: beat.queuedTasks,
  latencyMicroseconds: beat.latencyMicroseconds,
  taskLock: beat.taskLock,
  processors: beat.processors.map((slot: Slot) => ({
    pid: slot.pid,
    initialized: slot.initialized,
    hasTask: slot.hasTask,
    suspended: slot.suspended,
    resource: readUsage(slot.resource),
    currentTaskId: hex(slot.currentTaskId),
    taskAgeSeconds: slot.taskAgeSeconds,
  })),
  capabilities: beat.capabilities.map(readAbility),
  workerManagerId: Buffer.from(view(beat.workerManagerId)).toString(),
  memLimitBytes: Number(beat.memLimit),
  hostname: beat.hostname,
  netSentBytes: Number(beat.netSentBytes),
  netReceivedBytes: Number(beat.netReceivedBytes),
});

const readUsage = (usage: Usage): Resource => ({ cpuPermille: usage.cpu, rssBytes: Number(usage.rss) });
const readAbility = ({ name, value }: Ability): Capability => ({ name, value: Number(value) });
const view = (data: $.Data): Uint8Array => data.toUint8Array();
const copy = (data: $.Data): Uint8Array => new Uint8Array(view(data));
const hex = (data: $.Data): string => {
  const bytes = view(data);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
};
