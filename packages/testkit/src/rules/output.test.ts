import { describe, expect, it } from "vitest";
import { holdSets, ManagerBed } from "../../test-support/manager-bed.ts";
import { breaches } from "../fakes/wire-scheduler/index.ts";

// Rule 1: output of a task that is answered, or not held, ends schedulers up to 2.6.0; nobody but the manager checks whether it was asked for.
describe.each([1, 2] as const)("output, numbering %s", (magic) => {
  it("goes out before the result, to those who asked and to nobody else", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const functionId = scheduler.object("echo");
    const loud = scheduler.task({ functionId, streamOutput: true });
    const quiet = scheduler.task({ functionId });
    const bare = scheduler.task({ functionId, metadata: new Uint8Array(0) });
    worker.send(loud, quiet, bare);
    for (const { taskId } of [loud, quiet, bare]) await scheduler.heard("taskResult", taskId);
    const result = await scheduler.heard("taskResult", loud.taskId);
    const logs = scheduler.journal.received("taskLog");
    expect(logs.map(({ message }) => [message.taskId, message.logType, message.content])).toEqual([
      [loud.taskId, "stdout", `task ${loud.taskId} says\n`],
      [loud.taskId, "stderr", "and warns\n"],
    ]);
    for (const { at } of logs) expect(at).toBeLessThan(result.at);
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("does not go out again with a result that is sent again", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const task = scheduler.task({ functionId: scheduler.object("echo"), streamOutput: true });
    // No echo proves the result, so it is sent again on the next connection.
    scheduler.echoes = false;
    worker.send(task);
    await scheduler.heard("taskResult", task.taskId);
    worker.rst();
    await scheduler.heard("taskResult", task.taskId, 2);
    expect(scheduler.journal.received("taskLog")).toHaveLength(2);
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("does not go out for a task that was cancelled, whatever it printed", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const task = scheduler.task({ functionId: scheduler.object("wait"), streamOutput: true });
    worker.send(task);
    await bed.running(task.taskId);
    worker.send({ kind: "taskCancel", taskId: task.taskId, force: true });
    bed.release(task.taskId);
    await scheduler.heard("taskCancelConfirm", task.taskId);
    const after = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(after);
    await scheduler.heard("taskResult", after.taskId);
    await bed.drained();
    expect(scheduler.journal.received("taskLog")).toEqual([]);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("does not go out for a task whose result could not be stored before its cancel", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const task = scheduler.task({ functionId: scheduler.object("echo"), streamOutput: true });
    const held = holdSets(scheduler);
    worker.send(task);
    const set = await held.first;
    worker.send({ kind: "taskCancel", taskId: task.taskId, force: true });
    await scheduler.heard("taskCancelConfirm", task.taskId);
    set.proceed();
    await bed.drained();
    expect(scheduler.journal.received("taskLog")).toEqual([]);
    expect(scheduler.journal.received("taskResult")).toEqual([]);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});
