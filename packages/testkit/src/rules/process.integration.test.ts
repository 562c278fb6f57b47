import { delimiter, dirname } from "node:path";
import type { Task, TaskCancel } from "@scaler-aws-hpc/scaler-protocol";
import { describe, expect, it } from "vitest";
import { breaches, type WirePeer, WireScheduler } from "../fakes/wire-scheduler/index.ts";
import { ChildProgram, cliProgram, nodeProgram, releaseBin } from "../scaler/index.ts";

// Pickles by hand: a client's default serializer, a function of the standard library, a small number.
const SERIALIZER = "\x80\x02cscaler.client.serializer.default\nDefaultSerializer\n)\x81.";
const SLEEP = "\x80\x02ctime\nsleep\n.";
const LONG = "\x80\x02K\x64.";
const SHORT = "\x80\x02K\x00.";

const START_MS = 30_000;

/** `scaler-aws-hpc start` with two local slots, connected to a scripted scheduler. */
class ProcessBed implements AsyncDisposable {
  readonly scheduler: WireScheduler;
  readonly manager: ChildProgram;

  private constructor(scheduler: WireScheduler, manager: ChildProgram) {
    this.scheduler = scheduler;
    this.manager = manager;
  }

  static async open(magic: 1 | 2, ...flags: readonly string[]): Promise<ProcessBed> {
    const scheduler = await WireScheduler.start({ magic });
    scheduler.serializer(Buffer.from(SERIALIZER, "latin1"));
    const path = [releaseBin("2.9.0"), dirname(nodeProgram()), process.env["PATH"] ?? ""].join(delimiter);
    const manager = await ChildProgram.start({
      name: "scaler-aws-hpc start",
      file: nodeProgram(),
      args: [
        ...[cliProgram(), "start", "--backend", "local", "--max-concurrent-jobs", "2"],
        ...["--heartbeat-interval-seconds", "1", ...flags, scheduler.address],
      ],
      // Without it oclif looks for TypeScript sources beside the compiled commands.
      env: { NODE_ENV: "production", PATH: path },
    });
    return new ProcessBed(scheduler, manager);
  }

  async worker(): Promise<WirePeer> {
    const { journal } = this.scheduler;
    return await journal.until("it is connected", () => journal.received("workerHeartbeat")[0]?.peer, START_MS);
  }

  sleeping(count: number, seconds: string): Task[] {
    const functionId = this.scheduler.object(Buffer.from(SLEEP, "latin1"));
    const argumentIds = [this.scheduler.object(Buffer.from(seconds, "latin1"))];
    return Array.from({ length: count }, () => this.scheduler.task({ functionId, argumentIds }));
  }

  /** Resolves once both slots are busy. */
  async busy(): Promise<void> {
    const { journal } = this.scheduler;
    const busy = () =>
      journal
        .received("workerHeartbeat")
        .at(-1)
        ?.message.processors.every(({ hasTask }) => hasTask);
    await journal.until("both slots are busy", busy, START_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
    await this.scheduler[Symbol.asyncDispose]();
  }
}

const cancel = ({ taskId }: Task): TaskCancel => ({ kind: "taskCancel", taskId, force: true });

describe.each([1, 2] as const)("the manager as a process, numbering %s", (magic) => {
  it("answers every cancel that comes while SIGTERM drains it, then leaves", async () => {
    await using bed = await ProcessBed.open(magic, "--tasks-per-job", "1");
    const { scheduler, manager } = bed;
    const worker = await bed.worker();
    const tasks = bed.sleeping(8, LONG);
    worker.send(...tasks);
    await bed.busy();
    worker.send(...tasks.slice(6).map(cancel));
    manager.kill("SIGTERM");
    worker.send(...tasks.slice(3, 6).map(cancel));
    await manager.waitForLog(/draining/);
    // The two that run are the last: with them goes the reason to stay.
    worker.send(cancel(tasks[2] as Task));
    for (const { taskId } of tasks.slice(2)) await scheduler.heard("taskCancelConfirm", taskId);
    worker.send(...tasks.slice(0, 2).map(cancel));
    expect(await manager.exited).toMatchObject({ code: 0, signal: null });
    expect(scheduler.journal.received("taskCancelConfirm")).toHaveLength(tasks.length);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it.each([
    ["SIGTERM", 0],
    ["SIGINT", 130],
  ] as const)("leaves when a second %s ends what runs", async (signal, code) => {
    await using bed = await ProcessBed.open(magic);
    const { scheduler, manager } = bed;
    const worker = await bed.worker();
    worker.send(...bed.sleeping(4, LONG));
    await bed.busy();
    manager.kill(signal);
    await manager.waitForLog(/draining/);
    manager.kill(signal);
    expect(await manager.exited).toMatchObject({ code, signal: null });
    expect(scheduler.journal.received("taskResult")).toEqual([]);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});

describe("the manager as a process", () => {
  it("fails a task whose object never comes after --object-timeout, by name, and runs the others", async () => {
    await using bed = await ProcessBed.open(2, "--object-timeout", "2");
    const { scheduler, manager } = bed;
    const worker = await bed.worker();
    const ghost = scheduler.absentObject();
    const functionId = scheduler.object(Buffer.from(SLEEP, "latin1"));
    const lost = scheduler.task({ functionId, argumentIds: [ghost] });
    const fine = bed.sleeping(3, SHORT);
    worker.send(lost, ...fine);
    for (const { taskId } of fine) {
      const { message } = await scheduler.heard("taskResult", taskId, 1, START_MS);
      expect(message.resultType).toBe("success");
    }
    const { message } = await scheduler.heard("taskResult", lost.taskId, 1, START_MS);
    expect(message.resultType).toBe("failed");
    const pickle = Buffer.from(scheduler.storage.objects.get(message.results[0] ?? "") ?? []).toString("latin1");
    expect(pickle).toContain(`input object ${ghost} did not arrive within 2 s`);
    expect(await manager.stop("SIGTERM", 20_000)).toMatchObject({ code: 0 });
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });

  it("outlives bytes without sense from scheduler and storage, and says so in one line each", async () => {
    await using bed = await ProcessBed.open(2);
    const { scheduler, manager } = bed;
    const worker = await bed.worker();
    let lied = false;
    scheduler.storage.script = ({ socket }) => {
      if (lied) return false;
      lied = true;
      socket.write(Buffer.alloc(64, 0xff));
      return true;
    };
    const [first, second] = bed.sleeping(2, SHORT) as [Task, Task];
    worker.send(first);
    await scheduler.heard("taskResult", first.taskId, 1, START_MS);
    worker.sendBytes(Buffer.alloc(64, 0xff));
    const back = await scheduler.comesBack(worker.identity, worker);
    const fresh = await scheduler.worker(worker, back);
    fresh.send(second);
    await scheduler.heard("taskResult", second.taskId, 1, START_MS);
    expect(await manager.stop("SIGTERM", 20_000)).toMatchObject({ code: 0 });
    expect(manager.logs.text.match(/the object storage cannot be reached/g)).toHaveLength(1);
    expect(manager.logs.text.match(/lost a connection to the scheduler/g)).toHaveLength(1);
    expect(breaches(scheduler.journal, true)).toEqual([]);
  });
});
