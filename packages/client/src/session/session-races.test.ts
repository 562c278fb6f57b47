import type { SchedulerMessage, Task } from "@scaler-aws-hpc/scaler-protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeCluster } from "../../test-support/fake-cluster.ts";
import { turns } from "../../test-support/turns.ts";
import { encodeValue } from "../format/index.ts";
import { ObjectRef } from "../object-ref.ts";
import { systemClock } from "../outside/clock.ts";
import { newIdentity } from "./identity.ts";
import { Session } from "./session.ts";
import type { TaskRequest } from "./task-request.ts";
import type { TaskRun } from "./task-run.ts";

const prepared = Promise.resolve({ name: "job", bytes: Buffer.from("function") });

const request = (args: TaskRequest["args"] = [], over: Partial<TaskRequest> = {}): TaskRequest => {
  return { prepared, args, priority: 0, profile: false, capabilities: {}, ...over };
};
const inline = (value: unknown): TaskRequest["args"] => [{ bytes: encodeValue(value) }];
const reasonOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((reason: unknown) => reason);

let cluster: FakeCluster;
let session: Session;
let later: (() => void)[];

async function open(idleObjects = 100): Promise<void> {
  cluster = new FakeCluster();
  later = [];
  session = new Session({
    identity: newIdentity(),
    scheduler: cluster.scheduler,
    storage: cluster.storage,
    idleLimits: { objects: idleObjects, bytes: 1 << 20 },
    clock: { ...systemClock, soon: (action) => later.push(action) },
  });
  cluster.session = session;
  await session.start();
}

async function submitted(args: TaskRequest["args"] = [], over: Partial<TaskRequest> = {}): Promise<[TaskRun, Task]> {
  const run = session.submit(request(args, over));
  await turns();
  const task = cluster.tasks.get(run.id);
  if (task === undefined) throw new Error("the task did not come");
  return [run, task];
}

const sent = (kind: SchedulerMessage["kind"]): SchedulerMessage[] => cluster.sent.filter((one) => one.kind === kind);
const deletes = (): number =>
  cluster.sent.filter((one) => one.kind === "objectInstruction" && one.instructionType === "delete").length;

beforeEach(() => open());
afterEach(() => expect(cluster.breaches).toEqual([]));

describe("an upload under way", () => {
  it("is not overtaken by its deletion", async () => {
    const gate = Promise.withResolvers<void>();
    cluster.gate = gate.promise;
    const put = session.put(encodeValue("large"), "large");
    await session.clear(50);
    expect(deletes()).toBe(0);
    gate.resolve();
    await put;
    await turns();
    expect([deletes(), cluster.inputs.length]).toEqual([1, 1]);
  });

  it("is not overtaken where only its bytes had to go", async () => {
    await open(0);
    const gate = Promise.withResolvers<void>();
    cluster.gate = gate.promise;
    void session.submit(request(inline("text"))).cancel();
    await turns();
    expect(cluster.deleted).toEqual([]);
    gate.resolve();
    await turns();
    expect([cluster.deleted.length, cluster.inputs.length]).toEqual([1, 1]);
  });

  it("comes before the farewell, unless it takes too long", async () => {
    const gate = Promise.withResolvers<void>();
    cluster.gate = gate.promise;
    session.submit(request(inline("text")));
    const leaving = session.leave(5_000);
    await turns();
    expect(sent("clientDisconnect")).toEqual([]);
    gate.resolve();
    await leaving;
    expect(sent("clientDisconnect")).toHaveLength(1);
    await open();
    cluster.gate = new Promise(() => undefined);
    session.submit(request(inline("text")));
    await session.leave(20);
    expect(sent("clientDisconnect")).toHaveLength(1);
  });
});

describe("a result", () => {
  it("that is said twice is not deleted while it is read", async () => {
    const [run, task] = await submitted();
    const read = Promise.withResolvers<Uint8Array>();
    const get = vi.spyOn(cluster.storage, "get").mockReturnValue(read.promise);
    const results = ["result".padEnd(64, "0")];
    const result = { taskId: task.taskId, resultType: "success", metadata: new Uint8Array() } as const;
    session.onMessage({ kind: "taskResult", ...result, results });
    session.onMessage({ kind: "taskResult", ...result, results: [...results, "other".padEnd(64, "0")] });
    await turns();
    expect([get.mock.calls.length, cluster.deleted]).toEqual([1, ["other".padEnd(64, "0")]]);
    read.resolve(encodeValue(1));
    expect(await run.result).toBe(1);
    expect(cluster.deleted).toContain(results[0]);
  });

  it("with a broken profile, or that cannot be read, is named and deleted", async () => {
    const [run, task] = await submitted();
    const message = { kind: "taskResult", taskId: task.taskId, resultType: "success" } as const;
    session.onMessage({ ...message, metadata: Buffer.from("odd"), results: ["a".repeat(64)] });
    expect(await reasonOf(run.result)).toMatchObject({ code: "corrupt" });
    const [other, second] = await submitted();
    cluster.failGets = true;
    cluster.succeed(second, 1);
    expect(await reasonOf(other.result)).toMatchObject({ code: "storage" });
    expect(cluster.deleted).toHaveLength(2);
  });

  it("of a task given up for no reason at all is that reason", async () => {
    const [run, task] = await submitted();
    void run.cancel({ reason: null });
    cluster.succeed(task, 1);
    expect(await run.result.catch((reason: unknown) => [reason])).toEqual([null]);
  });
});

it("keeps the error of who listens to a task's output from the connection", async () => {
  const fault = new Error("the listener's own");
  const onOutput = (): never => {
    throw fault;
  };
  const [run] = await submitted([], { onOutput });
  later = [];
  session.onMessage({ kind: "taskLog", taskId: run.id, logType: "stdout", content: "hello" });
  expect(later).toHaveLength(1);
  expect(later[0]).toThrow(fault);
});

it("deletes a released value once no equal one and no task needs it", async () => {
  const put = async (): Promise<ObjectRef> => new ObjectRef(session, await session.put(encodeValue("v"), "v"));
  const [one, other] = [await put(), await put()];
  const [run, task] = await submitted(inline("v"));
  one.release();
  one.release();
  expect(() => one.objectFor(session, "it")).toThrow(/^\[config\] it was released/);
  const [reader, second] = await submitted([{ object: other.objectFor(session, "it") }]);
  other.release();
  expect(deletes()).toBe(0);
  cluster.succeed(task, 1);
  await run.result;
  expect(deletes()).toBe(0);
  cluster.succeed(second, 1);
  await reader.result;
  expect(deletes()).toBe(1);
});

it("lets nothing through between two clears at once, nor a put", async () => {
  await submitted();
  cluster.onCancel = () => undefined;
  const long = session.clear(60);
  const short = session.clear(5);
  await short;
  const waiting = session.put(encodeValue("kept"), "kept");
  await turns();
  expect(cluster.objects.size).toBe(1);
  await long;
  expect(session.has(await waiting)).toBe(true);
  for (const id of cluster.tasks.keys()) cluster.confirm(id, "canceled");
});

describe("a shutdown", () => {
  it("ends when the client is closed meanwhile, and two are one", async () => {
    const asked = [reasonOf(session.shutdown(60_000)), reasonOf(session.shutdown(60_000))];
    await turns();
    expect(sent("clientDisconnect")).toHaveLength(1);
    await session.leave(50);
    for (const reason of await Promise.all(asked)) expect(reason).toMatchObject({ code: "closed" });
  });

  it("does not wait for a scheduler that was lost before it was asked", async () => {
    await submitted();
    const asked = reasonOf(session.shutdown(60_000));
    cluster.lose();
    expect(await asked).toMatchObject({ code: "disconnected" });
  });
});
