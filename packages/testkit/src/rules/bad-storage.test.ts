import { describe, expect, it } from "vitest";
import { ManagerBed } from "../../test-support/manager-bed.ts";
import { breaches, framed, type StorageRequest } from "../fakes/wire-scheduler/index.ts";

const OBJECT_TIMEOUT_MS = 800;

/** What a storage may do to a GET instead of answering it. */
const LIES: readonly (readonly [string, (request: StorageRequest) => void])[] = [
  ["closes", ({ socket }) => socket.end()],
  ["hangs up", ({ socket }) => socket.resetAndDestroy()],
  ["announces more than it sends", (request) => request.answer(Buffer.alloc(50), { payloadLength: 100 })],
  ["announces less than it sends", (request) => request.answer(Buffer.alloc(100), { payloadLength: 50 })],
  ["announces 2^52 bytes", (request) => request.answer(Buffer.alloc(8), { payloadLength: 2 ** 52 })],
  ["answers by a frame of 2^63 bytes", ({ socket }) => socket.write(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0x80]))],
  ["answers without sense", ({ socket }) => socket.write(framed(Buffer.alloc(80, 0xa5)))],
  ["answers another request", (request) => request.answer(Buffer.from("abc"), { responseId: 2 ** 40 })],
  ["says that it stored what was to be read", (request) => request.answer(undefined, { responseType: "setOK" })],
];

describe("an object that never comes", () => {
  it("fails its task by name after the time-out, while others go on", async () => {
    await using bed = await ManagerBed.open({ engine: { objectTimeoutMs: OBJECT_TIMEOUT_MS } });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const functionId = scheduler.object("echo");
    const ghost = scheduler.absentObject();
    const lost = scheduler.task({ functionId, argumentIds: [ghost] });
    const lostFunction = scheduler.task({ functionId: scheduler.absentObject() });
    const fine = scheduler.task({ functionId, argumentIds: [scheduler.object("here")] });
    const sentAt = performance.now();
    worker.send(lost, lostFunction, fine);
    expect((await scheduler.heard("taskResult", fine.taskId)).message.resultType).toBe("success");
    expect(scheduler.journal.received("taskResult")).toHaveLength(1);
    const { message } = await scheduler.heard("taskResult", lost.taskId);
    expect(performance.now() - sentAt).toBeGreaterThan(OBJECT_TIMEOUT_MS - 50);
    expect(message.resultType).toBe("failed");
    const pickle = Buffer.from(scheduler.storage.objects.get(message.results[0] ?? "") ?? []).toString("latin1");
    expect(pickle).toContain(`input object ${ghost} did not arrive within`);
    const other = (await scheduler.heard("taskResult", lostFunction.taskId)).message;
    expect(other.resultType).toBe("failed");
    await bed.drained();
    expect(bed.runs.has(lost.taskId)).toBe(false);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("is waited for no longer once its task is cancelled", async () => {
    await using bed = await ManagerBed.open({ engine: { objectTimeoutMs: 60_000 } });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const ghost = scheduler.absentObject();
    const task = scheduler.task({ functionId: scheduler.object("echo"), argumentIds: [ghost] });
    worker.send(task);
    await scheduler.journal.until("the object is asked for", () =>
      scheduler.journal.entries.some((entry) => entry.type === "get" && entry.objectId === ghost),
    );
    worker.send({ kind: "taskCancel", taskId: task.taskId, force: true });
    await scheduler.heard("taskCancelConfirm", task.taskId);
    await bed.drained();
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});

describe("a storage that misbehaves", () => {
  it.each(LIES)("once (it %s) costs nobody a task", async (_, lie) => {
    await using bed = await ManagerBed.open({ engine: { objectTimeoutMs: 5_000 } });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const functionId = scheduler.object("echo");
    const bad = scheduler.object("bad");
    let lies = 0;
    scheduler.storage.script = (request) => {
      if (request.header.objectId !== bad || lies > 0) return false;
      lies += 1;
      lie(request);
      return true;
    };
    const hit = scheduler.task({ functionId, argumentIds: [bad] });
    const fine = scheduler.task({ functionId, argumentIds: [scheduler.object("good")] });
    worker.send(hit, fine);
    expect((await scheduler.heard("taskResult", fine.taskId)).message.resultType).toBe("success");
    expect(lies).toBe(1);
    await bed.drained();
    expect(bed.stats()).toMatchObject({ brokenLinks: 0 });
    expect(bed.warnings().length).toBeLessThanOrEqual(1);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  // Which lie it is makes no difference from here on: each breaks the connection, or, the last ones, is passed over.
  it.each(LIES.filter((_, at) => at % 2 === 0))(
    "for one object every time (it %s) fails that task alone, in one line",
    async (_, lie) => {
      await using bed = await ManagerBed.open({ engine: { objectTimeoutMs: OBJECT_TIMEOUT_MS } });
      const { scheduler } = bed;
      const worker = await scheduler.worker();
      const functionId = scheduler.object("echo");
      const bad = scheduler.object("bad");
      let lies = 0;
      scheduler.storage.script = (request) => {
        if (request.header.objectId !== bad) return false;
        lies += 1;
        lie(request);
        return true;
      };
      const hit = scheduler.task({ functionId, argumentIds: [bad] });
      worker.send(hit);
      const { message } = await scheduler.heard("taskResult", hit.taskId);
      expect(message.resultType).toBe("failed");
      const pickle = Buffer.from(scheduler.storage.objects.get(message.results[0] ?? "") ?? []).toString("latin1");
      expect(pickle).toContain(bad);
      const fine = scheduler.task({ functionId, argumentIds: [scheduler.object("good")] });
      worker.send(fine);
      expect((await scheduler.heard("taskResult", fine.taskId)).message.resultType).toBe("success");
      await bed.drained();
      expect(lies).toBeLessThan(8);
      expect(bed.warnings().length).toBeLessThanOrEqual(2);
      expect(breaches(scheduler.journal, true)).toEqual([]);
    },
  );
});
