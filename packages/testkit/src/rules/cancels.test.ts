import type { TaskCancel } from "@scaler-aws-hpc/scaler-protocol";
import { describe, expect, it } from "vitest";
import { holdSets, ManagerBed } from "../../test-support/manager-bed.ts";
import { breaches, type WirePeer } from "../fakes/wire-scheduler/index.ts";

const cancel = (taskId: string, force = true): TaskCancel => ({ kind: "taskCancel", taskId, force });

/** The answer to the n-th cancel of a task. */
async function answer(bed: ManagerBed, taskId: string, nth = 1): Promise<string> {
  return (await bed.scheduler.heard("taskCancelConfirm", taskId, nth)).message.cancelConfirmType;
}

/** Two tasks that run until they are released, and `count` behind them. */
async function busy(bed: ManagerBed, worker: WirePeer, count: number) {
  const functionId = bed.scheduler.object("wait");
  const make = () => bed.scheduler.task({ functionId }).taskId;
  const running = [make(), make()] as const;
  for (const taskId of running) {
    worker.send(bed.scheduler.task({ functionId, taskId }));
    await bed.running(taskId);
  }
  const queued = Array.from({ length: count }, make);
  worker.send(...queued.map((taskId) => bed.scheduler.task({ functionId, taskId })));
  return { running, queued };
}

// Rules 4 and 5: an unanswered cancel hangs clients and ends 2.6.0 when its worker leaves; `cancelNotFound` leaks a slot or hangs the task; a result
// after a confirmed cancel is one too many.
describe.each([1, 2] as const)("cancels, numbering %s", (magic) => {
  it("are answered wherever the task stands, and never by cancelNotFound", async () => {
    await using bed = await ManagerBed.open({ magic, core: { maxTasksPerPack: 1 } });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const { running, queued } = await busy(bed, worker, 3);
    const [forced, asked] = running;
    const [first = "", second = "", third = ""] = queued;
    const never = "00".repeat(16);
    worker.send(cancel(asked, false), cancel(first), cancel(second, false), cancel(never), cancel(never, false));
    worker.send(cancel(forced));
    expect(await answer(bed, asked)).toBe("cancelFailed");
    expect(await answer(bed, first)).toBe("canceled");
    expect(await answer(bed, second)).toBe("canceled");
    expect(await answer(bed, never, 2)).toBe("canceled");
    expect(await answer(bed, forced)).toBe("canceled");
    // What could not be cancelled is answered by its result, and then a cancel that comes too late is still confirmed.
    for (const taskId of [asked, third, forced]) bed.release(taskId);
    for (const taskId of [asked, third]) await scheduler.heard("taskResult", taskId);
    worker.send(cancel(third), cancel(asked, false));
    expect(await answer(bed, third)).toBe("canceled");
    expect(await answer(bed, asked, 2)).toBe("canceled");
    await bed.drained();
    expect(scheduler.journal.received("taskCancelConfirm")).toHaveLength(8);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("are confirmed when the result had been sent, and it does not go out again after a break", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    scheduler.echoes = false;
    const task = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(task);
    await scheduler.heard("taskResult", task.taskId);
    worker.send(cancel(task.taskId));
    expect(await answer(bed, task.taskId)).toBe("canceled");
    scheduler.echoes = true;
    worker.rst();
    await scheduler.comesBack(worker.identity, worker);
    await bed.drained();
    expect(scheduler.journal.received("taskResult")).toHaveLength(1);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("let no result follow, however far it had come", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const sets = holdSets(scheduler);
    const task = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(task);
    const set = await sets.first;
    worker.send(cancel(task.taskId));
    expect(await answer(bed, task.taskId)).toBe("canceled");
    sets.stop();
    set.proceed();
    const next = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(next);
    await scheduler.heard("taskResult", next.taskId);
    await bed.drained();
    expect(scheduler.journal.received("taskResult")).toHaveLength(1);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("do not stand in the way of the same task when it is assigned again", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const task = scheduler.task({ functionId: scheduler.object("wait") });
    worker.send(task);
    await bed.running(task.taskId);
    worker.send(cancel(task.taskId, false));
    expect(await answer(bed, task.taskId)).toBe("cancelFailed");
    worker.send(cancel(task.taskId));
    expect(await answer(bed, task.taskId, 2)).toBe("canceled");
    worker.send(task);
    bed.release(task.taskId);
    await scheduler.heard("taskResult", task.taskId);
    await bed.drained();
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("are answered once each in a storm", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const { running, queued } = await busy(bed, worker, 1_500);
    worker.send(...queued.map((taskId, at) => cancel(taskId, at % 2 === 0)));
    for (const taskId of queued) await answer(bed, taskId);
    for (const taskId of running) bed.release(taskId);
    await bed.drained();
    expect(scheduler.journal.received("taskCancelConfirm")).toHaveLength(1_500);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("that come while the manager drains are answered before it leaves", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const { running, queued } = await busy(bed, worker, 6);
    const [one, two] = running;
    const end = bed.drained();
    worker.send(...queued.slice(0, 4).map((taskId, at) => cancel(taskId, at < 2)), cancel(one), cancel(two, false));
    for (const taskId of queued.slice(0, 4)) expect(await answer(bed, taskId)).toBe("canceled");
    expect(await answer(bed, one)).toBe("canceled");
    expect(await answer(bed, two)).toBe("cancelFailed");
    bed.release(two);
    await end;
    expect(scheduler.journal.received("taskResult").map(({ message }) => message.taskId)).toEqual([two]);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("that come to a worker which answers what it holds after a break are answered before it leaves", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const { running, queued } = await busy(bed, worker, 4);
    const [one, two] = running;
    worker.rst();
    const back = await scheduler.comesBack(worker.identity, worker);
    back.send(...queued.slice(0, 2).map((taskId) => cancel(taskId)), cancel(one), cancel(two, false));
    for (const taskId of queued.slice(0, 2)) expect(await answer(bed, taskId)).toBe("canceled");
    expect(await answer(bed, one)).toBe("canceled");
    expect(await answer(bed, two)).toBe("cancelFailed");
    bed.release(two);
    expect((await scheduler.heard("taskResult", two)).peer).toBe(back);
    await scheduler.left(worker.identity);
    await bed.drained();
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});
