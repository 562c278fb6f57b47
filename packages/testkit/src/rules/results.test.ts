import { resultObjectId } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { holdSets, ManagerBed } from "../../test-support/manager-bed.ts";
import { breaches, type JournalEntry, type WireScheduler } from "../fakes/wire-scheduler/index.ts";

/** What was said of one result, by whom: `set`, `stored`, `objectInstruction #3`, `taskResult #3`. */
function story(scheduler: WireScheduler, taskId: string): string[] {
  const objectId = resultObjectId(scheduler.client, taskId);
  const told = (entry: JournalEntry): string[] => {
    if ("objectId" in entry) return entry.objectId === objectId ? [entry.type] : [];
    if (entry.type !== "received") return [];
    const { message, peer } = entry;
    const ours =
      (message.kind === "objectInstruction" && message.objectIds.includes(objectId)) ||
      (message.kind === "taskResult" && message.taskId === taskId);
    return ours ? [`${message.kind} #${peer.number}`] : [];
  };
  return scheduler.journal.entries.flatMap(told);
}

// Rules 2 and 3: a result with other metadata than 0 or 16 bytes, without its object, or named before it is stored, leaves a client waiting for ever.
describe.each([1, 2] as const)("results, numbering %s", (magic) => {
  it("carry 16 bytes of metadata and one object, whether they are values, exceptions or failures of ours", async () => {
    await using bed = await ManagerBed.open({ magic, engine: { objectTimeoutMs: 200 } });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const tasks = {
      value: scheduler.task({ functionId: scheduler.object("echo"), argumentIds: [scheduler.object("abc")] }),
      nothing: scheduler.task({ functionId: scheduler.object("echo") }),
      exception: scheduler.task({ functionId: scheduler.object("raise") }),
      death: scheduler.task({ functionId: scheduler.object("die") }),
      missing: scheduler.task({
        functionId: scheduler.object("echo"),
        argumentIds: [scheduler.absentObject()],
      }),
    };
    worker.send(...Object.values(tasks));
    const seen: Record<string, unknown> = {};
    for (const [name, { taskId }] of Object.entries(tasks)) {
      const { message } = await scheduler.heard("taskResult", taskId);
      seen[name] = [message.resultType, message.metadata.length, message.results];
    }
    const one = (taskId: string) => [resultObjectId(scheduler.client, taskId)];
    expect(seen).toEqual({
      value: ["success", 16, one(tasks.value.taskId)],
      nothing: ["success", 16, one(tasks.nothing.taskId)],
      exception: ["failed", 16, one(tasks.exception.taskId)],
      death: ["failed", 16, one(tasks.death.taskId)],
      missing: ["failed", 16, one(tasks.missing.taskId)],
    });
    const stored = scheduler.storage.objects.get(resultObjectId(scheduler.client, tasks.value.taskId));
    expect(Buffer.from(stored ?? []).toString()).toBe("abc");
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("are stored, then announced, then named, and nothing goes before the storage has answered", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const sets = holdSets(scheduler);
    const task = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(task);
    const set = await sets.first;
    const beats = scheduler.journal.received("workerHeartbeat").length;
    await scheduler.journal.until("two more heartbeats", () => {
      return scheduler.journal.received("workerHeartbeat").length >= beats + 2;
    });
    expect(story(scheduler, task.taskId)).toEqual(["set"]);
    set.proceed();
    await scheduler.heard("taskResult", task.taskId);
    const at = `#${worker.number}`;
    expect(story(scheduler, task.taskId)).toEqual(["set", "stored", `objectInstruction ${at}`, `taskResult ${at}`]);
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("go again as a whole after a break", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const task = scheduler.task({ functionId: scheduler.object("echo") });
    scheduler.echoes = false;
    worker.send(task);
    await scheduler.heard("taskResult", task.taskId);
    worker.rst();
    const { peer } = await scheduler.heard("taskResult", task.taskId, 2);
    expect(peer.identity).toBe(worker.identity);
    const once = (number: number) => ["set", "stored", `objectInstruction #${number}`, `taskResult #${number}`];
    expect(story(scheduler, task.taskId)).toEqual([...once(worker.number), ...once(peer.number)]);
    expect(bed.runs.get(task.taskId)).toBe(1);
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("whose connection breaks while they are stored go on the next one, once", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const sets = holdSets(scheduler);
    const task = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(task);
    const set = await sets.first;
    worker.fin();
    await scheduler.comesBack(worker.identity, worker);
    sets.stop();
    set.proceed();
    const { peer } = await scheduler.heard("taskResult", task.taskId);
    await bed.drained();
    expect(peer.number).not.toBe(worker.number);
    expect(scheduler.journal.received("taskResult")).toHaveLength(1);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("wait for a storage that breaks before it has answered", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const sets = holdSets(scheduler);
    const task = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(task);
    const set = await sets.first;
    sets.stop();
    set.socket.resetAndDestroy();
    await scheduler.heard("taskResult", task.taskId);
    expect(story(scheduler, task.taskId).slice(0, 3)).toEqual(["set", "set", "stored"]);
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("go out on the connection of the worker that holds the task", async () => {
    await using bed = await ManagerBed.open({ magic, core: { workersPerProfile: 3 } });
    const { scheduler } = bed;
    const one = await scheduler.worker();
    const two = await scheduler.worker(one);
    const three = await scheduler.worker(one, two);
    const functionId = scheduler.object("echo");
    for (const worker of [one, two, three, one, two, three]) {
      const task = scheduler.task({ functionId });
      worker.send(task);
      const { peer } = await scheduler.heard("taskResult", task.taskId);
      expect(peer).toBe(worker);
    }
    expect(breaches(scheduler.journal)).toEqual([]);
  });
});
