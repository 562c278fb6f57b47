import { describe, expect, it } from "vitest";
import { far, frameOf, list, message, struct, tag, taskUpToArguments } from "../../fixtures/words.ts";
import { decodeMessage } from "./decode-message.ts";
import { encodeMessage } from "./encode-message.ts";

const TASK_CANCEL = 1;
const TASK_CANCEL_CONFIRM = 2;
const TASK_RESULT = 3;
const TASK_LOG = 4;
const OBJECT_INSTRUCTION = 6;
const COMMAND = { 1: 27, 2: 25 } as const;
const id = Buffer.from("ABCDEFGH").toString("hex");
const cancel = { kind: "taskCancel", taskId: id, force: false };

describe("shorter and longer structs", () => {
  it("reads what a shorter struct lacks as its default", () => {
    expect(decodeMessage(frameOf([...message(9), struct(0, 1, 0), 42n]), 2)).toMatchObject({
      kind: "workerHeartbeat",
      rssFreeBytes: 42,
      queueSize: 0,
      processors: [],
      workerManagerId: "",
      hostname: "",
    });
  });

  it("ignores what a longer struct adds", () => {
    const words = [...message(TASK_CANCEL), struct(0, 2, 4), -1n, -1n, list(3, 2, 8), 0n, 0n, 0n, "ABCDEFGH"];
    expect(decodeMessage(frameOf(words), 1)).toStrictEqual(cancel);
  });

  it("reads a null body as one with all defaults", () => {
    expect(decodeMessage(frameOf([...message(TASK_CANCEL), 0n]), 2)).toStrictEqual({ ...cancel, taskId: "" });
  });

  it("reads a root without an ordinal as the first message", () => {
    expect(decodeMessage(frameOf([struct(-1, 0, 0)]), 2)).toMatchObject({ kind: "task", taskId: "" });
  });

  it("reads a list of numbers that has grown into one of structs", () => {
    const metadata = [struct(0, 0, 3), list(2, 6, 0), list(1, 7, 2), 0n, tag(2, 1, 0), 1n, 0n];
    expect(
      decodeMessage(frameOf([...message(OBJECT_INSTRUCTION), struct(0, 1, 2), 1n, 0n, ...metadata]), 1),
    ).toMatchObject({
      instructionType: "delete",
      objectTypes: ["object", "serializer"],
    });
  });

  it("reads a list of ids that has grown into one of structs", () => {
    const results = [tag(1, 1, 2), 7n, list(1, 2, 8), 0n, "ABCDEFGH"];
    expect(
      decodeMessage(frameOf([...message(TASK_RESULT), struct(0, 1, 3), 0n, 0n, 0n, list(0, 7, 3), ...results]), 1),
    ).toMatchObject({
      results: [id],
    });
  });

  it("ignores bytes after the last segment", () => {
    const frame = frameOf([...message(TASK_CANCEL), 0n]);
    expect(decodeMessage(Buffer.concat([frame, Buffer.from("more")]), 2)).toMatchObject({ kind: "taskCancel" });
  });
});

describe("several segments", () => {
  const body = [list(1, 2, 8), 0n, "ABCDEFGH"];

  it("follows a far pointer to a landing pad", () => {
    const frame = frameOf([...message(TASK_CANCEL), far(1, 0)], [struct(0, 0, 2), ...body]);
    expect(decodeMessage(frame, 2)).toStrictEqual(cancel);
  });

  it("follows a landing pad that points backwards", () => {
    const frame = frameOf([...message(TASK_CANCEL), far(1, 3)], [...body, struct(-4, 0, 2)]);
    expect(decodeMessage(frame, 2)).toStrictEqual(cancel);
  });

  it("follows a double far pointer to a third segment", () => {
    const frame = frameOf([...message(TASK_CANCEL), far(1, 0, true)], [far(2, 1), struct(0, 0, 2)], [0n, ...body]);
    expect(decodeMessage(frame, 2)).toStrictEqual(cancel);
  });

  it("follows a far root pointer, past segments of no size", () => {
    const frame = frameOf([far(3, 0)], [], [], [struct(0, 1, 1), 1n, struct(0, 0, 2), ...body]);
    expect(decodeMessage(frame, 2)).toStrictEqual(cancel);
  });

  it("returns to the first segment after a field in another", () => {
    const frame = frameOf(
      [...message(TASK_LOG), struct(0, 1, 2), 1n, far(1, 0), list(0, 2, 8), "1234567"],
      [list(0, 2, 8), "ABCDEFGH"],
    );
    expect(decodeMessage(frame, 1)).toStrictEqual({
      kind: "taskLog",
      taskId: id,
      logType: "stderr",
      content: "1234567",
    });
  });

  it("follows a far pointer within the only segment", () => {
    expect(decodeMessage(frameOf([...message(TASK_CANCEL), far(0, 3), struct(0, 0, 2), ...body]), 2)).toStrictEqual(
      cancel,
    );
  });
});

describe("what is malformed", () => {
  const cases: Record<string, Buffer> = {
    "no root pointer": frameOf([]),
    "a first segment of no size": frameOf([], [struct(0, 1, 1), 1n, 0n]),
    "a root that is a list": frameOf([list(0, 2, 8), 0n]),
    "a root that is a capability": frameOf([3n]),
    "a body beyond the segment": frameOf([...message(TASK_CANCEL), struct(0, 0, 2), 0n]),
    "a body before the segment": frameOf([...message(TASK_CANCEL), struct(-4, 0, 1)]),
    "a body in the next segment": frameOf([...message(TASK_CANCEL), struct(0, 0, 1)], [0n]),
    "a body that is a list": frameOf([...message(TASK_CANCEL), list(0, 2, 8), 0n]),
    "an id that is a struct": frameOf([...message(TASK_CANCEL), struct(0, 0, 1), struct(0, 1, 0), 0n]),
    "an id that is a list of words": frameOf([...message(TASK_CANCEL), struct(0, 0, 1), list(0, 5, 1), 0n]),
    "an id beyond the segment": frameOf([...message(TASK_CANCEL), struct(0, 0, 1), list(0, 2, 9), 0n]),
    "a far pointer to no segment": frameOf([...message(TASK_CANCEL), far(1, 0)]),
    "a far pointer to a segment after the last": frameOf([...message(TASK_CANCEL), far(2, 0)], [0n]),
    "a far pointer beyond its segment": frameOf([...message(TASK_CANCEL), far(1, 1)], [0n]),
    "a far pointer to itself": frameOf([...message(TASK_CANCEL), far(0, 2)]),
    "a double far pointer to half a pad": frameOf([...message(TASK_CANCEL), far(1, 0, true)], [far(0, 0)]),
    "a double far pointer to a near one": frameOf(
      [...message(TASK_CANCEL), far(1, 0, true)],
      [struct(0, 0, 0), struct(0, 0, 0)],
    ),
    "a double far pointer to two far ones": frameOf([...message(TASK_CANCEL), far(1, 0, true)], [far(1, 0), far(1, 0)]),
    "a double far pointer to a double one": frameOf([...message(TASK_CANCEL), far(1, 0, true)], [far(1, 0, true), 0n]),
    "a text without a NUL": frameOf([...message(TASK_LOG), struct(0, 1, 2), 0n, 0n, list(0, 2, 8), "ABCDEFGH"]),
    "a text of no bytes": frameOf([...message(TASK_LOG), struct(0, 1, 2), 0n, 0n, list(0, 2, 0)]),
    "structs whose tag is a list": frameOf([...taskUpToArguments(), list(1, 7, 1), 0n, list(0, 2, 0), 0n]),
    "structs that overrun their words": frameOf([...taskUpToArguments(), list(1, 7, 1), 0n, tag(2, 1, 0), 0n, 0n]),
    "structs that are bits": frameOf([...taskUpToArguments(), list(1, 1, 8), 0n, 0n]),
    "ids that are numbers": frameOf([...message(TASK_RESULT), struct(0, 1, 3), 0n, 0n, 0n, list(0, 5, 1), 0n]),
    "types smaller than a type": frameOf([
      ...message(OBJECT_INSTRUCTION),
      struct(0, 0, 2),
      0n,
      struct(0, 0, 2),
      0n,
      list(0, 2, 1),
      0n,
    ]),
  };

  it.each(Object.keys(cases))("%s", (name) => {
    expect(() => decodeMessage(cases[name] as Buffer, 2)).toThrow(/^\[malformed\]/);
  });
});

describe("choices that did not exist when this was written", () => {
  it.each([
    ["a message of a later release", 27, [0n]],
    ["the end of a task", TASK_RESULT, [struct(0, 1, 0), 3n]],
    ["an answer to a cancel", TASK_CANCEL_CONFIRM, [struct(0, 1, 0), 3n]],
    ["a stream of a log", TASK_LOG, [struct(0, 1, 0), 2n]],
    ["an object instruction", OBJECT_INSTRUCTION, [struct(0, 1, 0), 3n]],
    ["a type of object", OBJECT_INSTRUCTION, [struct(0, 0, 2), 0n, struct(0, 0, 2), 0n, list(0, 3, 1), 2n]],
    ["a type of argument", 0, [struct(0, 0, 5), 0n, 0n, 0n, 0n, list(0, 7, 1), tag(1, 1, 0), 2n]],
    ["a client's farewell", 18, [struct(0, 1, 0), 2n]],
    ["a command of the old shape", 25, [struct(0, 1, 3), 3n, 0n, 0n, 0n]],
  ] as const)("make a message unknown: %s", (_, ordinal, words) => {
    expect(decodeMessage(frameOf([...message(ordinal), ...words]), 2)).toStrictEqual({ kind: "unknown", ordinal });
  });
});

describe("manager commands of older releases", () => {
  const capabilities = [tag(1, 1, 1), -1n, list(0, 2, 4), "gpu"];

  it("reads the requests of 2.1 to 2.3.4", () => {
    const requests = [list(0, 7, 6), tag(1, 1, 1), 5n, list(0, 7, 3)];
    const words = [...message(COMMAND[1]), struct(0, 1, 3), 2n, 0n, 0n, ...requests, ...capabilities];
    expect(decodeMessage(frameOf(words), 1)).toStrictEqual({
      kind: "workerManagerCommand",
      setDesiredTaskConcurrencyRequests: [{ taskConcurrency: 5, capabilities: [{ name: "gpu", value: -1 }] }],
    });
  });

  it("reads start and shutdown of 1.21 to 2.0", () => {
    for (const [value, command] of [
      [0n, "start"],
      [1n, "shutdown"],
    ] as const) {
      const ids = [list(1, 6, 1), 0n, list(0, 2, 8), "ABCDEFGH"];
      expect(decodeMessage(frameOf([...message(COMMAND[1]), struct(0, 1, 2), value, ...ids]), 1)).toStrictEqual({
        kind: "workerManagerCommand",
        setDesiredTaskConcurrencyRequests: [],
        legacy: { command, workerIds: [id], capabilities: [] },
      });
    }
  });

  it("reads the one group of 1.16 to 1.20", () => {
    const words = [
      ...message(COMMAND[1]),
      struct(0, 1, 2),
      1n,
      list(1, 2, 8),
      list(1, 7, 3),
      "ABCDEFGH",
      ...capabilities,
    ];
    expect(decodeMessage(frameOf(words), 1)).toMatchObject({
      legacy: { command: "shutdown", workerIds: [id], capabilities: [{ name: "gpu", value: -1 }] },
    });
  });
});

describe("what cannot be encoded", () => {
  it.each([
    ["a request to leave, for numbering 2", 2, { kind: "disconnectRequest", worker: "00" }, "version"],
    ["a notice of leaving, for numbering 1", 1, { kind: "workerDisconnectNotification" }, "version"],
    ["an id that is not hex", 2, { kind: "taskCancel", taskId: "0g", force: true }, "malformed"],
    ["an id of half a byte", 2, { kind: "taskCancel", taskId: "000", force: true }, "malformed"],
    [
      "an id with a letter that only looks like one",
      2,
      { kind: "taskCancel", taskId: "\u01300", force: true },
      "malformed",
    ],
    ["a long id that is not hex", 1, { kind: "disconnectRequest", worker: `${"00".repeat(40)}zz` }, "malformed"],
    ["a long id of half a byte", 1, { kind: "disconnectRequest", worker: `${"00".repeat(40)}0` }, "malformed"],
    [
      "a negative number",
      2,
      { kind: "workerManagerHeartbeat", maxTaskConcurrency: -1, capabilities: [], workerManagerId: "" },
      "malformed",
    ],
    [
      "a number of 33 bits",
      2,
      { kind: "workerManagerHeartbeat", maxTaskConcurrency: 2 ** 32, capabilities: [], workerManagerId: "" },
      "malformed",
    ],
    [
      "a fraction",
      2,
      { kind: "clientHeartbeat", resource: { cpuPermille: 0.5, rssBytes: 0 }, latencyMicroseconds: 0, hostname: "" },
      "malformed",
    ],
    [
      "a number beyond 2^53",
      2,
      {
        kind: "clientHeartbeat",
        resource: { cpuPermille: 0, rssBytes: 2 ** 53 },
        latencyMicroseconds: 0,
        hostname: "",
      },
      "malformed",
    ],
  ] as const)("%s", (_, magic, refused, code) => {
    expect(() => encodeMessage(refused, magic)).toThrow(new RegExp(`^\\[${code}\\]`));
  });

  it("leaves nothing behind in the next frame", () => {
    const good = { kind: "taskCancel", taskId: id, force: true } as const;
    const before = Buffer.from(encodeMessage(good, 2));
    expect(() => encodeMessage({ ...good, taskId: `${"ff".repeat(15)}fg` }, 2)).toThrow(/^\[malformed\]/);
    expect(Buffer.from(encodeMessage(good, 2))).toStrictEqual(before);
  });

  it("gives frames that later frames do not touch", () => {
    const made = Array.from({ length: 2000 }, (_, index) => {
      const taskId = index.toString(16).padStart(32, "0");
      return { taskId, frame: encodeMessage({ kind: "taskCancel", taskId, force: true }, 2) };
    });
    for (const { taskId, frame } of made) expect(decodeMessage(frame, 2)).toMatchObject({ taskId });
  });
});
