import { EngineCore } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { ManagerBed } from "../../test-support/manager-bed.ts";
import { breaches, type WireScheduler } from "../fakes/wire-scheduler/index.ts";

/** Ids of workers that said that they leave. */
function leavers(scheduler: WireScheduler): string[] {
  const { journal, magic } = scheduler;
  const kind = magic === 1 ? "disconnectRequest" : "workerDisconnectNotification";
  return journal.received(kind).map(({ peer }) => peer.identity);
}

const beaten = (scheduler: WireScheduler): Set<string> =>
  new Set(scheduler.journal.received("workerHeartbeat").map(({ peer }) => peer.identity));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Rules 6 and 7: a peer that vanishes wedges or ends schedulers up to 2.6.0 at their next word to it; one that is heard after it left is a worker again.
describe.each([1, 2] as const)("leaving, numbering %s", (magic) => {
  it("is said by every worker of a manager that drains, and nothing after it", async () => {
    await using bed = await ManagerBed.open({ magic, core: { workersPerProfile: 3, heartbeatMs: 10 } });
    const { scheduler } = bed;
    const one = await scheduler.worker();
    const two = await scheduler.worker(one);
    await scheduler.worker(one, two);
    expect((await bed.drained()).reason).toBe("drained");
    await pause(50);
    expect(new Set(leavers(scheduler))).toEqual(beaten(scheduler));
    expect(leavers(scheduler)).toHaveLength(3);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("is said by a manager that stops at once, whatever runs", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const task = scheduler.task({ functionId: scheduler.object("wait") });
    worker.send(task);
    await bed.running(task.taskId);
    await bed.engine[Symbol.asyncDispose]();
    expect(leavers(scheduler)).toEqual([worker.identity]);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("is said when a client shuts the cluster down", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    worker.send({ kind: "clientDisconnect", disconnectType: "shutdown" });
    expect((await bed.engine.finished).reason).toBe("shutdown");
    expect(leavers(scheduler)).toEqual([worker.identity]);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("is said even by an engine that ends for a failure of its own", async () => {
    await using bed = await ManagerBed.open({
      magic,
      engine: {
        decide: (options, random) => {
          const core = new EngineCore(options, random);
          return {
            apply(event, now) {
              if (event.type === "cancel") throw new Error("a state that nobody knows");
              return core.apply(event, now);
            },
            nextWake: () => core.nextWake(),
          };
        },
      },
    });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    worker.send({ kind: "taskCancel", taskId: "ab".repeat(16), force: true });
    await expect(bed.engine.finished).rejects.toThrow("a state that nobody knows");
    expect(leavers(scheduler)).toEqual([worker.identity]);
  });

  it("is followed by no heartbeat, however long the scheduler takes to respond", async () => {
    await using bed = await ManagerBed.open({ magic, core: { heartbeatMs: 10 } });
    const { scheduler } = bed;
    scheduler.responds = false;
    const worker = await scheduler.worker();
    const end = bed.drained();
    await scheduler.left(worker.identity);
    // What a scheduler may still say to one that leaves.
    scheduler.echo(worker);
    worker.send(scheduler.task({ functionId: scheduler.object("echo") }));
    await pause(200);
    scheduler.echo(worker);
    await end;
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it.each(["fin", "rst"] as const)(
    "follows a return under the old id after %s; another id takes new work",
    async (how) => {
      await using bed = await ManagerBed.open({ magic });
      const { scheduler } = bed;
      const worker = await scheduler.worker();
      const task = scheduler.task({ functionId: scheduler.object("wait") });
      worker.send(task);
      await bed.running(task.taskId);
      const brokeAt = performance.now();
      worker[how]();
      const back = await scheduler.comesBack(worker.identity, worker);
      expect(performance.now() - brokeAt).toBeLessThan(2_000);
      const fresh = await scheduler.worker(worker, back);
      expect(fresh.identity).not.toBe(worker.identity);
      await scheduler.journal.until("the old id is heard again", () =>
        scheduler.journal.received("workerHeartbeat").some(({ peer }) => peer === back),
      );
      // The old id answers what it holds, and only then leaves.
      expect(leavers(scheduler)).toEqual([]);
      bed.release(task.taskId);
      expect((await scheduler.heard("taskResult", task.taskId)).peer).toBe(back);
      await scheduler.left(worker.identity);
      const next = scheduler.task({ functionId: scheduler.object("echo") });
      fresh.send(next);
      expect((await scheduler.heard("taskResult", next.taskId)).peer).toBe(fresh);
      await bed.drained();
      expect(breaches(scheduler.journal, true)).toEqual([]);
    },
  );

  it("is said on the way back by a worker whose connection is broken when the manager drains", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    worker.rst();
    await scheduler.journal.until("the manager knows of the break", () => bed.stats().brokenLinks > 0);
    await bed.drained();
    expect(leavers(scheduler)).toContain(worker.identity);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("is not forgotten when the break comes again and again", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    for (let round = 0; round < 3; round += 1) {
      const worker = await scheduler.worker();
      worker.rst();
      await scheduler.comesBack(worker.identity, worker);
    }
    await bed.drained();
    expect(new Set(leavers(scheduler))).toEqual(beaten(scheduler));
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("comes after a return, too, where the scheduler only fell silent", async () => {
    await using bed = await ManagerBed.open({ magic, core: { linkTimeoutMs: 150 } });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    scheduler.echoes = false;
    const back = await scheduler.comesBack(worker.identity, worker);
    scheduler.echoes = true;
    scheduler.echo(back);
    await scheduler.left(worker.identity);
    await bed.drained();
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});

describe.each([1, 2] as const)("tasks that come before the first echo, numbering %s", (magic) => {
  it("are run once the echo has told where the storage is", async () => {
    await using bed = await ManagerBed.open({ magic });
    const { scheduler } = bed;
    const task = scheduler.task({ functionId: scheduler.object("echo"), argumentIds: [scheduler.object("early")] });
    scheduler.onHeartbeat = (peer) => {
      scheduler.onHeartbeat = () => {};
      peer.send(task);
    };
    expect((await scheduler.heard("taskResult", task.taskId)).message.resultType).toBe("success");
    expect(bed.stats()).toMatchObject({ received: 1, done: 1 });
    expect(breaches(scheduler.journal)).toEqual([]);
  });

  it("are run and answered without any echo where the storage is known", async () => {
    await using bed = await ManagerBed.open({
      magic,
      prepare: (scheduler) => {
        scheduler.echoes = false;
      },
      cluster: (scheduler) => ({ objectStorageAddress: `tcp://127.0.0.1:${scheduler.storage.port}` }),
    });
    const { scheduler } = bed;
    const worker = await scheduler.worker();
    const task = scheduler.task({ functionId: scheduler.object("echo") });
    worker.send(task);
    await scheduler.heard("taskResult", task.taskId);
    scheduler.echoes = true;
    scheduler.echo(worker);
    await bed.drained();
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});
