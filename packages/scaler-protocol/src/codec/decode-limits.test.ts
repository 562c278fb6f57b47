import { describe, expect, it } from "vitest";
import { far, frameOf, list, message, struct, tag, taskUpToArguments } from "../../fixtures/words.ts";
import type { WorkerHeartbeat } from "../messages/worker-heartbeat.ts";
import { DEFAULT_DECODE_LIMITS, type DecodeLimits } from "./decode-limits.ts";
import { decodeMessage } from "./decode-message.ts";
import { encodeMessage } from "./encode-message.ts";

const decode = (frame: Uint8Array, limits: Partial<DecodeLimits>) => () =>
  decodeMessage(frame, 2, { ...DEFAULT_DECODE_LIMITS, ...limits });

const id = "00".repeat(16);
const log = encodeMessage({ kind: "taskLog", taskId: id, logType: "stdout", content: "x".repeat(100) }, 2);
const result = encodeMessage(
  { kind: "taskResult", taskId: id, resultType: "success", metadata: new Uint8Array(0), results: [id, id, id] },
  2,
);
const beat: WorkerHeartbeat = {
  kind: "workerHeartbeat",
  agent: { cpuPermille: 0, rssBytes: 0 },
  rssFreeBytes: 0,
  queueSize: 0,
  queuedTasks: 0,
  latencyMicroseconds: 0,
  taskLock: false,
  processors: [
    {
      pid: 1,
      initialized: true,
      hasTask: false,
      suspended: false,
      resource: { cpuPermille: 0, rssBytes: 0 },
      currentTaskId: "",
      taskAgeSeconds: 0,
    },
  ],
  capabilities: [],
  workerManagerId: "",
  memLimitBytes: 0,
  hostname: "",
  netSentBytes: 0,
  netReceivedBytes: 0,
};
const heartbeat = encodeMessage(beat, 2);
const segments = frameOf([far(4, 0)], [], [], [], [struct(0, 1, 1), 19n, struct(0, 1, 0), 1n]);

describe("each limit, at n and at n + 1", () => {
  it.each([
    ["frame bytes", "maxFrameBytes", log, log.length],
    ["segments", "maxSegments", segments, 5],
    ["text", "maxTextBytes", log, 100],
    ["ids", "maxDataBytes", log, 16],
    ["list length", "maxListLength", result, 3],
    ["list length of structs", "maxListLength", heartbeat, 1],
    // Message, body, list of processors, processor, its resource.
    ["depth", "maxDepth", heartbeat, 5],
  ] as const)("%s", (_, limit, frame, fits) => {
    expect(decode(frame, { [limit]: fits })).not.toThrow();
    expect(decode(frame, { [limit]: fits - 1 })).toThrow(/^\[limit\]/);
  });

  it("amplification", () => {
    // Two pointers to one id of 800 bytes: read twice, the frame is 848 bytes long and costs 1,640.
    const shared = frameOf([
      ...message(3),
      struct(0, 1, 3),
      0n,
      list(2, 2, 800),
      list(1, 2, 800),
      0n,
      ...Array(100).fill(0n),
    ]);
    const cost = 16 + 32 + 2 * 800;
    expect(decode(shared, { maxAmplification: cost / shared.length })).not.toThrow();
    expect(decode(shared, { maxAmplification: (cost - 1) / shared.length })).toThrow(/^\[limit\]/);
  });

  it("lets an honest message pass at an amplification of one", () => {
    for (const frame of [log, result, heartbeat]) expect(decode(frame, { maxAmplification: 1 })).not.toThrow();
  });
});

describe("frames that ask for much", () => {
  const refused: Record<string, Buffer> = {
    "2^32 segments": Buffer.from("ffffffff00000000", "hex"),
    "a list of 2^29 - 1 structs of no size": frameOf([
      ...taskUpToArguments(),
      list(1, 7, 0),
      0n,
      tag(2 ** 29 - 1, 0, 0),
    ]),
    "a million structs of no size": frameOf([...taskUpToArguments(), list(1, 7, 0), 0n, tag(1_000_000, 0, 0)]),
    "a million elements of no size": frameOf([...taskUpToArguments(), list(1, 0, 1_000_000), 0n]),
    "a list of 2^29 - 1 ids": frameOf([...message(3), struct(0, 1, 3), 0n, 0n, 0n, list(0, 6, 2 ** 29 - 1)]),
    "a text of 2^29 - 1 bytes": frameOf([...message(4), struct(0, 1, 2), 0n, 0n, list(0, 2, 2 ** 29 - 1)]),
    "an id of 2^29 - 1 bytes": frameOf([...message(1), struct(0, 0, 1), list(0, 2, 2 ** 29 - 1)]),
    "a thousand names for one text": frameOf([
      ...taskUpToArguments(),
      0n,
      list(0, 7, 2000),
      tag(1000, 1, 1),
      // Each element's pointer leads past all elements to the same long name.
      ...Array.from({ length: 1000 }, (_, index) => [0n, list(2 * (999 - index), 2, 4000)]).flat(),
      ...Array(500).fill(0n),
    ]),
  };

  it.each(Object.keys(refused))("are refused: %s", (name) => {
    const before = process.memoryUsage().heapUsed;
    expect(decode(refused[name] as Buffer, {})).toThrow(/^\[limit\]/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1024 * 1024);
  });

  it("reads a segment table before it believes it", () => {
    expect(decode(Buffer.from("ff01000000000000", "hex"), {})).toThrow(/^\[truncated\]/);
    expect(decode(Buffer.from("00000000ffffffff", "hex"), {})).toThrow(/^\[truncated\]/);
  });
});
