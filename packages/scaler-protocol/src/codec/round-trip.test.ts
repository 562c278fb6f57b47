import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SchedulerMessage } from "../messages/message.ts";
import { decodeMessage } from "./decode-message.ts";
import { encodeMessage } from "./encode-message.ts";
import {
  decodeStorageRequest,
  decodeStorageResponse,
  encodeStorageRequest,
  encodeStorageResponse,
  STORAGE_HEADER_BYTES,
  STORAGE_REQUEST_TYPES,
  STORAGE_RESPONSE_TYPES,
} from "./storage-header.ts";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const id = fc.uint8Array({ maxLength: 70 }).map(hexOf);
const objectId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hexOf);
// Plain arrays, as the decoder gives, whatever pool the generator took them from.
const bytes = fc.uint8Array({ maxLength: 70 }).map((made) => new Uint8Array(made));
const text = fc.string({ unit: "binary", maxLength: 60 });
const uint16 = fc.integer({ min: 0, max: 2 ** 16 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const uint53 = fc.maxSafeNat();
const capabilities = fc.array(fc.record({ name: text, value: fc.maxSafeInteger() }), { maxLength: 5 });
const resource = fc.record({ cpuPermille: uint16, rssBytes: uint53 });
const kind = <const Kind extends string>(name: Kind) => fc.constant(name);
const address = fc.record({ host: text, port: uint16, scheme: text });

const common: fc.Arbitrary<SchedulerMessage> = fc.oneof(
  fc.record({
    kind: kind("task"),
    taskId: id,
    source: id,
    metadata: bytes,
    funcObjectId: id,
    functionArgs: fc.array(fc.record({ type: fc.constantFrom("task", "objectID"), data: id }), { maxLength: 5 }),
    capabilities,
  }),
  fc.record({ kind: kind("taskCancel"), taskId: id, force: fc.boolean() }),
  fc.record({
    kind: kind("taskCancelConfirm"),
    taskId: id,
    cancelConfirmType: fc.constantFrom("canceled", "cancelFailed", "cancelNotFound"),
  }),
  fc.record({
    kind: kind("taskResult"),
    taskId: id,
    resultType: fc.constantFrom("success", "failed", "failedWorkerDied"),
    metadata: bytes,
    results: fc.array(id, { maxLength: 5 }),
  }),
  fc.record({ kind: kind("taskLog"), taskId: id, logType: fc.constantFrom("stdout", "stderr"), content: text }),
  fc.record({
    kind: kind("objectInstruction"),
    instructionType: fc.constantFrom("create", "delete", "clear"),
    objectUser: id,
    objectIds: fc.array(id, { maxLength: 5 }),
    objectTypes: fc.array(fc.constantFrom("serializer", "object"), { maxLength: 9 }),
    objectNames: fc.array(bytes, { maxLength: 5 }),
  }),
  fc.record({ kind: kind("clientHeartbeatEcho"), objectStorageAddress: address }),
  fc.record({ kind: kind("workerHeartbeatEcho"), objectStorageAddress: address }),
  fc.record({ kind: kind("clientDisconnect"), disconnectType: fc.constantFrom("disconnect", "shutdown") }),
  fc.record({ kind: kind("clientShutdownResponse"), accepted: fc.boolean() }),
  fc.record({ kind: kind("workerManagerHeartbeat"), maxTaskConcurrency: uint32, capabilities, workerManagerId: text }),
  fc.record({ kind: kind("workerManagerHeartbeatEcho") }),
  fc.record({
    kind: kind("workerManagerCommand"),
    setDesiredTaskConcurrencyRequests: fc.array(fc.record({ taskConcurrency: uint32, capabilities }), { maxLength: 4 }),
  }),
);

const onlyOne: fc.Arbitrary<SchedulerMessage> = fc.oneof(
  fc.record({ kind: fc.constantFrom("disconnectRequest", "disconnectResponse"), worker: id }),
);

const onlyTwo: fc.Arbitrary<SchedulerMessage> = fc.oneof(
  fc.record({ kind: kind("workerDisconnectNotification") }),
  fc.record({ kind: kind("clientHeartbeat"), resource, latencyMicroseconds: uint32, hostname: text }),
  fc.record({
    kind: kind("objectInstruction"),
    instructionType: fc.constantFrom("create", "delete", "clear"),
    objectUser: id,
    objectIds: fc.array(id, { maxLength: 5 }),
    objectTypes: fc.constant([]),
    objectNames: fc.constant([]),
    objectSizes: fc.array(uint53, { maxLength: 5 }),
  }),
  fc.record({
    kind: kind("workerHeartbeat"),
    agent: resource,
    rssFreeBytes: uint53,
    queueSize: uint32,
    queuedTasks: uint32,
    latencyMicroseconds: uint32,
    taskLock: fc.boolean(),
    processors: fc.array(
      fc.record({
        pid: uint32,
        initialized: fc.boolean(),
        hasTask: fc.boolean(),
        suspended: fc.boolean(),
        resource,
        currentTaskId: id,
        taskAgeSeconds: uint32,
      }),
      { maxLength: 4 },
    ),
    capabilities,
    workerManagerId: text,
    memLimitBytes: uint53,
    hostname: text,
    netSentBytes: uint53,
    netReceivedBytes: uint53,
  }),
);

// Records of fast-check have no prototype; what the decoder gives has.
const plain = <T>(message: T): T => structuredClone(message);

describe("what is encoded is what is decoded", () => {
  it("on numbering 1", () => {
    fc.assert(
      fc.property(fc.oneof(common, onlyOne), (message) => {
        expect(decodeMessage(encodeMessage(message, 1), 1)).toStrictEqual(plain(message));
      }),
    );
  });

  it("on numbering 2", () => {
    fc.assert(
      fc.property(fc.oneof(common, onlyTwo), (message) => {
        expect(decodeMessage(encodeMessage(message, 2), 2)).toStrictEqual(plain(message));
      }),
    );
  });

  it("in frames too large for a chunk, and for a limit on one id", () => {
    const objectIds = Array.from({ length: 5000 }, (_, index) => index.toString(16).padStart(64, "0"));
    const message = {
      kind: "objectInstruction",
      instructionType: "delete",
      objectUser: "",
      objectIds,
      objectTypes: [],
      objectNames: [],
    } as const;
    expect(decodeMessage(encodeMessage(message, 1), 1)).toStrictEqual(message);
  });

  it("in storage headers", () => {
    const request = fc.record({
      requestType: fc.constantFrom(...STORAGE_REQUEST_TYPES),
      objectId,
      payloadLength: fc.oneof(uint53, fc.constant(Number.POSITIVE_INFINITY)),
      requestId: uint53,
    });
    const response = fc.record({
      responseType: fc.constantFrom(...STORAGE_RESPONSE_TYPES),
      objectId,
      payloadLength: uint53,
      responseId: uint53,
    });
    fc.assert(
      fc.property(request, response, (asked, answered) => {
        expect(encodeStorageRequest(asked)).toHaveLength(STORAGE_HEADER_BYTES);
        expect(decodeStorageRequest(encodeStorageRequest(asked))).toStrictEqual(plain(asked));
        expect(decodeStorageResponse(encodeStorageResponse(answered))).toStrictEqual(plain(answered));
      }),
    );
  });
});

describe("fields that numbering 1 does not have", () => {
  it("are left out, and read as nothing", () => {
    const beat = {
      kind: "clientHeartbeat",
      resource: { cpuPermille: 1, rssBytes: 2 },
      latencyMicroseconds: 3,
    } as const;
    expect(decodeMessage(encodeMessage({ ...beat, hostname: "here" }, 1), 1)).toStrictEqual({ ...beat, hostname: "" });
  });
});
