import type { Task } from "@scaler-aws-hpc/scaler-protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeCluster } from "../../test-support/fake-cluster.ts";
import { turns } from "../../test-support/turns.ts";
import { ClientError } from "../client-error.ts";
import { encodeValue, managerFailure } from "../format/index.ts";
import { taskFailure } from "../task-failure.ts";
import { newIdentity } from "./identity.ts";
import { Session } from "./session.ts";
import type { TaskRequest } from "./task-request.ts";
import type { TaskRun } from "./task-run.ts";

const prepared = Promise.resolve({ name: "job", bytes: Buffer.from("function") });

const request = (values: readonly unknown[] = [], over: Partial<TaskRequest> = {}): TaskRequest => ({
  prepared,
  args: values.map((value) => ({ bytes: encodeValue(value) })),
  priority: 0,
  profile: false,
  capabilities: { node: -1 },
  ...over,
});

const reasonOf = (run: TaskRun): Promise<unknown> =>
  run.result.then(
    () => undefined,
    (reason: unknown) => reason,
  );

let cluster: FakeCluster;
let session: Session;

async function open(idleLimits = { objects: 100, bytes: 1 << 20 }): Promise<void> {
  cluster = new FakeCluster();
  session = new Session({
    identity: newIdentity(),
    scheduler: cluster.scheduler,
    storage: cluster.storage,
    idleLimits,
  });
  cluster.session = session;
  await session.start();
}

/** Submits, and waits until the scheduler has it. */
async function submitted(values: readonly unknown[] = [], over: Partial<TaskRequest> = {}): Promise<[TaskRun, Task]> {
  const run = session.submit(request(values, over));
  await turns();
  const task = cluster.tasks.get(run.id);
  if (task === undefined) throw new Error("the task did not come");
  return [run, task];
}

beforeEach(() => open());
afterEach(() => expect(cluster.breaches).toEqual([]));

describe("a session", () => {
  it("stores and announces what a task needs before it sends the task", async () => {
    const [run, task] = await submitted([1, "two"], { priority: 7, profile: true, capabilities: { gpu: 2, node: -1 } });
    expect(cluster.sent.map(({ kind }) => kind)).toEqual(["objectInstruction", "objectInstruction", "task"]);
    expect(cluster.args(task)).toEqual([1, "two"]);
    expect(Buffer.from(task.metadata).toString("hex")).toBe("010000000700");
    expect(task.capabilities).toEqual([
      { name: "gpu", value: 2 },
      { name: "node", value: -1 },
    ]);
    expect(run.state).toBe("submitted");
    cluster.succeed(task, new Map([["n", 3n]]));
    expect(await run.result).toEqual(new Map([["n", 3n]]));
    expect([run.state, session.stats.succeeded, session.stats.open]).toEqual(["succeeded", 1, 0]);
  });

  it("deletes a result once it has been read", async () => {
    const [run, task] = await submitted();
    cluster.succeed(task, 1);
    await run.result;
    expect([...cluster.objects.keys()].filter((id) => id.startsWith("result"))).toEqual([]);
  });

  it("uploads equal arguments once, and the function of many tasks once", async () => {
    const runs = Array.from({ length: 50 }, () => session.submit(request(["same", "same"])));
    await turns();
    expect(session.stats.uploadedObjects).toBe(3);
    for (const task of cluster.tasks.values()) cluster.succeed(task, 0);
    await Promise.all(runs.map(({ result }) => result));
  });

  it("deletes arguments that no task needs, the oldest first, and keeps the function", async () => {
    await open({ objects: 2, bytes: 1 << 20 });
    for (let index = 0; index < 10; index += 1) {
      const [run, task] = await submitted([index]);
      cluster.succeed(task, index);
      await run.result;
    }
    await turns();
    expect(cluster.inputs).toHaveLength(2 + 2);
    const [run, task] = await submitted([9]);
    cluster.succeed(task, 9);
    await run.result;
    expect(session.stats.uploadedObjects).toBe(2 + 10);
  });

  it("tells what a task threw, as it was thrown, and which task it was", async () => {
    const [run, task] = await submitted();
    cluster.fail(task, Object.assign(new TypeError("no"), { at: [1] }));
    const reason = await reasonOf(run);
    expect(reason).toBeInstanceOf(TypeError);
    expect(reason).toMatchObject({ message: "no", at: [1] });
    expect(taskFailure(reason)).toEqual({ taskId: run.id, task: "job" });
  });

  it("tells the manager's failures, dead workers and Python's answers apart", async () => {
    const codes: unknown[] = [];
    for (const failure of [
      managerFailure("timeout", "late"),
      Buffer.from("\x80\x04.", "latin1"),
      Buffer.from("rubbish"),
    ]) {
      const [run, task] = await submitted();
      cluster.fail(task, failure);
      codes.push(await reasonOf(run));
    }
    const [run, task] = await submitted();
    cluster.die(task);
    codes.push(await reasonOf(run));
    expect(codes.map((reason) => (reason as ClientError).code)).toEqual([
      "timeout",
      "foreign",
      "corrupt",
      "worker-died",
    ]);
  });

  it("fails a task whose objects cannot be stored, and stores them for the next", async () => {
    cluster.failSets = true;
    const failed = session.submit(request(["text"]));
    expect(await reasonOf(failed)).toMatchObject({ code: "storage" });
    cluster.failSets = false;
    const [run, task] = await submitted(["text"]);
    cluster.succeed(task, 1);
    expect(await run.result).toBe(1);
  });

  it("fails a task whose module cannot be prepared, or whose result cannot be read", async () => {
    const broken = session.submit(request([], { prepared: Promise.reject(new ClientError("bundle", "no")) }));
    expect(await reasonOf(broken)).toMatchObject({ code: "bundle" });
    const [run, task] = await submitted();
    cluster.failGets = true;
    cluster.succeed(task, 1);
    expect(await reasonOf(run)).toMatchObject({ code: "storage" });
  });

  it("passes on what tasks print, and asks for it only where somebody listens", async () => {
    const heard: string[] = [];
    const [run, task] = await submitted([], { onOutput: (text, stream) => heard.push(`${stream} ${text}`) });
    expect(task.metadata[5]).toBe(1);
    session.onMessage({ kind: "taskLog", taskId: run.id, logType: "stderr", content: "hello" });
    session.onMessage({ kind: "taskLog", taskId: "00".repeat(16), logType: "stderr", content: "stray" });
    expect(heard).toEqual(["stderr hello"]);
    cluster.succeed(task, 0);
    const [, quiet] = await submitted();
    expect(quiet.metadata[5]).toBe(0);
  });
});

describe("a cancel", () => {
  it("before the task was sent keeps it from being sent", async () => {
    const gate = Promise.withResolvers<void>();
    cluster.gate = gate.promise;
    const run = session.submit(request(["slow upload"]));
    expect(await run.cancel()).toBe(true);
    gate.resolve();
    await turns();
    expect(cluster.tasks.size).toBe(0);
    expect(await reasonOf(run)).toMatchObject({ code: "canceled" });
  });

  it("is asked for once, and waits for the answer", async () => {
    const [run] = await submitted();
    const answers = [run.cancel(), run.cancel()];
    await turns();
    expect([run.state, cluster.sent.filter(({ kind }) => kind === "taskCancel").length]).toEqual(["canceling", 1]);
    cluster.confirm(run.id, "canceled");
    expect(await Promise.all(answers)).toEqual([true, true]);
    expect(await run.cancel()).toBe(true);
  });

  it("of a task that the scheduler does not know any more counts as done", async () => {
    const [run] = await submitted();
    const answer = run.cancel({ reason: "not wanted" });
    cluster.confirm(run.id, "cancelNotFound");
    expect(await answer).toBe(true);
    expect(await reasonOf(run)).toBe("not wanted");
  });

  it("that is refused leaves the task running", async () => {
    const [run, task] = await submitted();
    const answer = run.cancel();
    cluster.confirm(run.id, "cancelFailed");
    expect(await answer).toBe(false);
    expect(run.state).toBe("submitted");
    cluster.succeed(task, 5);
    expect(await run.result).toBe(5);
  });

  it("that comes too late changes nothing, unless its owner has given the task up", async () => {
    const [run, task] = await submitted();
    const answer = run.cancel();
    cluster.succeed(task, 5);
    expect(await answer).toBe(false);
    expect(await run.result).toBe(5);
    cluster.confirm(run.id, "cancelNotFound"); // the scheduler's answer to the cancel, after the result
    const [other, second] = await submitted();
    void other.cancel({ reason: new Error("gave up") });
    cluster.succeed(second, 6);
    expect(await reasonOf(other)).toEqual(new Error("gave up"));
  });

  it("has the result deleted that comes all the same", async () => {
    const [run, task] = await submitted();
    void run.cancel();
    session.onMessage({ kind: "taskCancelConfirm", taskId: run.id, cancelConfirmType: "canceled" });
    cluster.succeed(task, 5);
    await turns();
    expect([...cluster.objects.keys()].filter((id) => id.startsWith("result"))).toEqual([]);
  });
});

describe("the end of a session", () => {
  it("fails everything when the scheduler is lost, at once and from then on", async () => {
    const [run] = await submitted();
    const waiting = session.submit(request([], { prepared: new Promise(() => undefined) }));
    const canceling = (await submitted())[0];
    const answer = canceling.cancel();
    cluster.lose();
    for (const one of [run, waiting, canceling]) expect(await reasonOf(one)).toMatchObject({ code: "disconnected" });
    expect(await answer).toBe(false);
    expect(() => session.submit(request())).toThrow(/^\[disconnected\]/);
    await session.leave(1_000);
    expect(cluster.sent.at(-1)?.kind).toBe("taskCancel");
  });

  it("cancels what is open, waits for each answer, and says farewell last", async () => {
    const runs = [(await submitted())[0], (await submitted())[0]];
    const leaving = session.leave(5_000);
    await turns();
    expect(cluster.sent.filter(({ kind }) => kind === "taskCancel")).toHaveLength(2);
    expect(cluster.sent.at(-1)?.kind).toBe("taskCancel");
    for (const { id } of runs) cluster.confirm(id, "canceled");
    await leaving;
    expect(cluster.sent.at(-1)).toEqual({ kind: "clientDisconnect", disconnectType: "disconnect" });
    for (const run of runs) expect(await reasonOf(run)).toMatchObject({ code: "closed" });
    expect(() => session.submit(request())).toThrow(/^\[closed\]/);
  });

  it("does not wait for ever", async () => {
    const [run] = await submitted();
    await session.leave(20);
    expect(await reasonOf(run)).toMatchObject({ code: "closed" });
    expect(cluster.sent.at(-1)?.kind).toBe("clientDisconnect");
  });

  it("shuts the cluster down where that is accepted, and goes on where not", async () => {
    cluster.onDisconnect = () => session.onMessage({ kind: "clientShutdownResponse", accepted: false });
    expect(await session.shutdown(1_000)).toBe(false);
    await submitted();
    for (const task of cluster.tasks.values()) cluster.succeed(task, 0);
    cluster.onDisconnect = () => cluster.lose(); // the scheduler may close before its answer is out
    expect(await session.shutdown(1_000)).toBe(true);
    expect(() => session.submit(request())).toThrow(/^\[closed\]/);
  });

  it("does not take silence for consent to a shutdown", async () => {
    await expect(session.shutdown(20)).rejects.toThrow(/^\[unavailable\] the scheduler did not answer/);
    const [run, task] = await submitted();
    cluster.succeed(task, 1);
    expect(await run.result).toBe(1);
  });

  it("clears: no task, no object but the serializer, and goes on", async () => {
    const stored = await session.put(encodeValue("kept"), "kept");
    const [run, task] = await submitted(["argument"]);
    cluster.onCancel = (id) => cluster.confirm(id, "canceled");
    await session.clear(1_000);
    expect([run.state, cluster.inputs.length, session.has(stored)]).toEqual(["canceled", 1, false]);
    expect(cluster.tasks.has(task.taskId)).toBe(false);
    const [again, next] = await submitted(["argument"]);
    cluster.succeed(next, 1);
    expect(await again.result).toBe(1);
  });
});
