import { encodeMessage, type SchedulerMessage } from "@scaler-aws-hpc/scaler-protocol";
import { describe, expect, it } from "vitest";
import { ManagerBed } from "../../test-support/manager-bed.ts";
import { breaches, framed, greeting, type WirePeer } from "../fakes/wire-scheduler/index.ts";

/** A task is taken, run and answered: the manager serves on. */
async function serves(bed: ManagerBed, worker: WirePeer): Promise<void> {
  const task = bed.scheduler.task({ functionId: bed.scheduler.object("echo") });
  worker.send(task);
  expect((await bed.scheduler.heard("taskResult", task.taskId)).message.resultType).toBe("success");
}

/** A length of 2^63, as the first 8 bytes of a frame. */
const HUGE = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0x80]);
const TASK = encodeMessage(
  {
    kind: "task",
    taskId: "ab".repeat(16),
    source: "cd".repeat(16),
    metadata: new Uint8Array(0),
    funcObjectId: "ef".repeat(32),
    functionArgs: [],
    capabilities: [],
  },
  2,
);

/** A frame whose root points far beyond its end. */
function astray(): Buffer {
  const frame = Buffer.from(TASK);
  frame.writeUInt32LE(0x7fff_fffc, 8);
  return frame;
}

/** A frame that says it is of an unknown kind. */
function strange(): Buffer {
  const frame = Buffer.from(encodeMessage({ kind: "workerManagerHeartbeatEcho" }, 2));
  // Segment table, root pointer, then the number of the kind.
  frame.writeUInt16LE(999, 16);
  return frame;
}

const MALFORMED: readonly (readonly [string, Buffer])[] = [
  ["bytes without sense", framed(Buffer.alloc(64, 0xa5))],
  ["a frame of no bytes", framed(Buffer.alloc(0))],
  ["a frame that ends early", framed(TASK.subarray(0, TASK.length - 8))],
  ["a pointer that leads astray", framed(astray())],
  ["ten million segments", framed(Buffer.concat([Buffer.from([0x7f, 0x96, 0x98, 0]), Buffer.alloc(60)]))],
  ["a length of 2^63", Buffer.concat([HUGE, Buffer.alloc(32)])],
];

const IGNORED: readonly (readonly [string, readonly SchedulerMessage[]])[] = [
  ["a client's message", [{ kind: "clientShutdownResponse", accepted: true }]],
  ["a client's farewell", [{ kind: "clientDisconnect", disconnectType: "disconnect" }]],
  ["what only managers are told", [{ kind: "workerManagerHeartbeatEcho" }]],
  ["what workers say themselves", [{ kind: "taskCancelConfirm", taskId: "ab", cancelConfirmType: "canceled" }]],
  ["an instruction that only clients give", [instruction("clear")]],
];

function instruction(instructionType: "clear"): SchedulerMessage {
  return {
    kind: "objectInstruction",
    instructionType,
    objectUser: "",
    objectIds: [],
    objectTypes: [],
    objectNames: [],
  };
}

describe("bad bytes from the scheduler", () => {
  it.each(MALFORMED)("%s cost the connection, one line and one count", async (_, bytes) => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    worker.sendBytes(bytes);
    const back = await scheduler.comesBack(worker.identity, worker);
    const fresh = await scheduler.worker(worker, back);
    await serves(bed, fresh);
    expect(bed.stats()).toMatchObject({ malformedFrames: 1, brokenLinks: 1 });
    expect(bed.warnings()).toHaveLength(1);
    await bed.drained();
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it.each(MALFORMED)("%s on the manager's own connection do the same", async (_, bytes) => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const own = await scheduler.journal.until("the manager reports itself", () => {
      return scheduler.journal.received("workerManagerHeartbeat")[0]?.peer;
    });
    own.sendBytes(bytes);
    await scheduler.journal.until("it reports itself again", () =>
      scheduler.journal.received("workerManagerHeartbeat").some(({ peer }) => peer !== own),
    );
    await serves(bed, worker);
    expect(bed.stats()).toMatchObject({ malformedFrames: 1, brokenLinks: 0, connected: 1 });
    expect(bed.warnings()).toHaveLength(1);
  });

  it("a kind that nobody knows is counted, and the connection stays", async () => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    for (const peer of scheduler.peers) peer.sendBytes(framed(strange()));
    await serves(bed, worker);
    expect(bed.stats()).toMatchObject({ unknownMessages: 1, malformedFrames: 0, brokenLinks: 0 });
    expect(bed.warnings()).toEqual([]);
  });

  it.each(IGNORED)("%s is counted, and the connection stays", async (_, messages) => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    worker.send(...messages);
    await serves(bed, worker);
    expect(bed.stats()).toMatchObject({ unknownMessages: 1, malformedFrames: 0, brokenLinks: 0 });
    expect(bed.warnings()).toEqual([]);
  });
});

describe("a greeting that is none", () => {
  it("ends a manager that has never been connected, and says why", async () => {
    await using bed = await ManagerBed.open({
      prepare: (scheduler) => {
        scheduler.hello = Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n");
      },
    });
    await expect(bed.engine.finished).rejects.toThrow("expected the greeting of a Scaler server");
  });

  it.each([
    ["bytes of another protocol", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a version to come", greeting(3, "scheduler")],
    ["a name of 2^63 bytes", Buffer.concat([Buffer.from([0x59, 0x4d, 0x51, 2]), HUGE])],
  ])("(%s) is met again and again by one that was connected, until the scheduler is back", async (_, hello) => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const right = scheduler.hello;
    scheduler.hello = hello;
    const before = scheduler.peers.length;
    worker.rst();
    await scheduler.journal.until("two attempts failed", () => scheduler.peers.length >= before + 3);
    scheduler.hello = right;
    const fresh = await scheduler.worker(worker);
    expect(bed.warnings().length).toBeLessThanOrEqual(3);
    const other = fresh.identity === worker.identity ? await scheduler.worker(worker, fresh) : fresh;
    await serves(bed, other);
    await bed.drained();
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});

describe("a task that is not what it should be", () => {
  it("is run all the same where only its flags cannot be read", async () => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const functionId = scheduler.object("echo");
    const odd = [5, 7, 4_096].map((length) => new Uint8Array(length).fill(0xff));
    const negative = Buffer.from([1, 0x80, 0, 0, 0, 0]);
    for (const metadata of [...odd, negative]) {
      const task = scheduler.task({ functionId, metadata });
      worker.send(task);
      expect((await scheduler.heard("taskResult", task.taskId)).message.resultType).toBe("success");
    }
    expect(scheduler.journal.received("taskLog")).toEqual([]);
    expect(bed.warnings()).toEqual([]);
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("is counted and left alone where an id has another length", async () => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const functionId = scheduler.object("echo");
    const task = scheduler.task({ functionId });
    const wrong = [
      { ...task, taskId: "" },
      { ...task, taskId: "ab".repeat(15) },
      { ...task, source: "" },
      { ...task, funcObjectId: "" },
      { ...task, funcObjectId: "ab".repeat(33) },
      { ...task, functionArgs: [{ type: "objectID", data: "" }] },
      { ...task, functionArgs: [{ type: "task", data: "ab".repeat(16) }] },
    ] as const;
    worker.send(...wrong);
    worker.send({ kind: "taskCancel", taskId: "", force: true });
    expect((await scheduler.heard("taskCancelConfirm", "")).message.cancelConfirmType).toBe("canceled");
    await serves(bed, worker);
    expect(bed.stats()).toMatchObject({ unknownMessages: wrong.length, received: 1, brokenLinks: 0 });
    await bed.drained();
  });

  it("is run where it has 10,000 arguments", async () => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const some = Array.from({ length: 100 }, (_, at) => scheduler.object(`${at % 10}`));
    const argumentIds = Array.from({ length: 10_000 }, (_, at) => some[at % 100] ?? "");
    const task = scheduler.task({ functionId: scheduler.object("echo"), argumentIds });
    worker.send(task);
    const { message } = await scheduler.heard("taskResult", task.taskId);
    expect(message.resultType).toBe("success");
    expect(scheduler.storage.objects.get(message.results[0] ?? "")).toHaveLength(10_000);
    await serves(bed, worker);
  });

  it("is run where it has 2,000 different arguments", async () => {
    await using bed = await ManagerBed.open();
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const argumentIds = Array.from({ length: 2_000 }, (_, at) => scheduler.object(`${at % 10}`));
    const task = scheduler.task({ functionId: scheduler.object("echo"), argumentIds });
    worker.send(task);
    expect((await scheduler.heard("taskResult", task.taskId)).message.resultType).toBe("success");
    await serves(bed, worker);
  });
});
