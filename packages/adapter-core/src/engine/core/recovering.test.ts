import { describe, expect, it } from "vitest";
import { CoreHarness } from "../../../test-support/core-harness.ts";
import type { EngineEvent } from "./event.ts";

type Recovered = Extract<EngineEvent, { type: "recovered" }>;

const OLD = "Worker|AWS|0123456789abcdef0123456789abcdef";
const JOB = "t0-7";

/** A core that took over one job of two children: tasks 1 and 2 in the first, 3 in the second. */
function recovered(changes: Partial<Recovered> = {}, silentMs = 5_000) {
  const harness = new CoreHarness({
    backend: {
      ...{ maxChildren: 10, inlineBytes: 0, outlives: true, retriesNatively: true, startMs: 3, pollMs: 1_000 },
      window: { quietMs: 0, maxMs: 0 },
    },
  });
  const entry = (n: number) => ({ task: harness.task(n), holder: OLD });
  harness.send({
    type: "recovered",
    workers: [{ worker: OLD, profile: "default", silentMs }],
    jobs: [
      {
        ...{ name: JOB, profile: "default", runner: "python", fresh: false },
        children: [[entry(1), entry(2)], [entry(3)]],
      },
    ],
    ...changes,
  });
  const opens = harness.all("open");
  const session = (worker: string | undefined) => ({
    worker: worker ?? "",
    session: harness.all("open").findLast((open) => open.worker === worker)?.session ?? 0,
  });
  const old = session(OLD);
  const fresh = session(opens.find(({ worker }) => worker !== OLD)?.worker);
  const up = (link: typeof old) => {
    harness.send({ type: "link-up", ...link, scheduler: "s1" });
    return harness;
  };
  return { harness, old, fresh, up };
}

const frame = (child: number, tasks: number[], changes: { key?: string; attempt?: number } = {}) =>
  ({
    type: "frame",
    ...{ job: JOB, child, attempt: 1, key: `${JOB}.${child}.1.0`, notStarted: [] },
    results: tasks.map((task) => ({ task, status: "ok", seconds: 1 }) as const),
    ...changes,
  }) as const;

const ended = (child: number) =>
  ({ type: "child", change: { job: JOB, child, state: "succeeded", attempt: 1 } }) as const;

describe("taking over from an earlier process", () => {
  it("resumes the old id, counts its children, and answers there what they return", () => {
    const { harness, old, fresh, up } = recovered();
    expect(harness.core.stats()).toMatchObject({ slotsUsed: 2, running: 3, adoptedJobs: 1 });
    harness.send(frame(0, [0, 1]));
    harness.send(ended(0));
    expect(harness.all("deliver")).toEqual([]);
    up(old);
    const deliveries = harness.all("deliver");
    expect(deliveries.map(({ taskId, worker }) => [taskId, worker])).toEqual(
      [1, 2].map((n) => [harness.task(n).taskId, OLD]),
    );
    expect(harness.core.stats().slotsUsed).toBe(1);
    for (const { delivery } of deliveries) harness.send({ type: "delivered", delivery, failure: undefined });
    // The first echoes may answer heartbeats of the earlier process: they prove nothing.
    for (let beat = 0; beat < 3; beat += 1) {
      harness.send({ type: "echo", ...old });
      harness.pass(2_000);
    }
    expect(harness.all("delete-frames")).toEqual([]);
    harness.send({ type: "echo", ...old });
    expect(harness.all("delete-frames").map(({ keys }) => keys)).toEqual([[`${JOB}.0.1.0`]]);
    expect(harness.all("release-job")).toEqual([]);
    up(fresh);
    harness.send({ type: "echo", ...fresh });
    expect(harness.all("close")).toEqual([]);
    harness.send({ ...frame(1, [0]) });
    harness.send(ended(1));
    expect(harness.all("release-job")).toEqual([]);
    harness.send({ type: "delivered", delivery: harness.last("deliver").delivery, failure: undefined });
    for (let beat = 0; beat < 5; beat += 1) {
      harness.pass(2_000);
      harness.send({ type: "echo", ...old });
    }
    expect(harness.last("release-job").job).toBe(JOB);
    expect(harness.last("close")).toMatchObject({ worker: OLD, leave: true });
    expect(harness.core.stats()).toMatchObject({ slotsUsed: 0, running: 0, unacknowledged: 0, workers: 1 });
    expect(harness.all("stage")).toEqual([]);
    expect(harness.all("inspect")).toEqual([]);
  });

  it("says goodbye for an id that was silent too long, and matches its tasks when they are assigned again", () => {
    const { harness, old, fresh, up } = recovered({}, 56_000);
    up(old);
    expect(harness.last("close")).toMatchObject({ worker: OLD, leave: true });
    up(fresh);
    harness.send({ type: "echo", ...fresh });
    harness.send({ type: "task", ...fresh, task: harness.task(1) });
    harness.send(frame(0, [0, 1]));
    expect(harness.last("deliver")).toMatchObject({ taskId: harness.task(1).taskId, worker: fresh.worker });
    harness.send({ type: "task", ...fresh, task: harness.task(2) });
    expect(harness.last("deliver")).toMatchObject({ taskId: harness.task(2).taskId, worker: fresh.worker });
    expect(harness.all("stage")).toEqual([]);
    expect(harness.all("cancel-children")).toEqual([]);
    for (let beat = 0; beat < 31; beat += 1) {
      harness.pass(2_000);
      harness.send({ type: "echo", ...fresh });
    }
    expect(harness.last("cancel-children").children).toEqual([{ job: JOB, child: 1 }]);
  });

  it("gives work back to the scheduler that ended badly for a resumed id, and runs it when it is assigned again", () => {
    const { harness, old, fresh, up } = recovered();
    up(old);
    up(fresh);
    harness.send({ type: "echo", ...fresh });
    const lost = { kind: "host", reason: "gone" } as const;
    harness.send({ type: "child", change: { job: JOB, child: 0, state: "failed", attempt: 1, failure: lost } });
    harness.send(frame(1, [0]));
    harness.send(ended(1));
    harness.send({ type: "delivered", delivery: harness.last("deliver").delivery, failure: undefined });
    for (let beat = 0; beat < 5; beat += 1) {
      harness.pass(2_000);
      harness.send({ type: "echo", ...old });
      harness.send({ type: "echo", ...fresh });
    }
    expect(harness.last("close")).toMatchObject({ worker: OLD, leave: true });
    expect(harness.all("stage")).toEqual([]);
    harness.send({ type: "task", ...fresh, task: harness.task(1) });
    harness.inspected();
    expect(harness.last("stage").plan.packs).toMatchObject([{ tasks: [harness.task(1)], holders: [fresh.worker] }]);
  });

  it("believes the newest job about where a task is, and stops an older child that nobody wants", () => {
    const job = (name: string, child: number[]) => {
      const harness = new CoreHarness();
      const children = [child.map((n) => ({ task: harness.task(n), holder: OLD }))];
      return { ...{ name, profile: "default", runner: "python", fresh: false }, children };
    };
    const { harness } = recovered({ jobs: [job("t0-1", [1]), job("t0-2", [1, 2])] });
    expect(harness.all("cancel-children").flatMap(({ children }) => children)).toEqual([{ job: "t0-1", child: 0 }]);
    harness.send({ ...frame(0, [0]), job: "t0-1", key: "old" });
    expect(harness.last("delete-frames").keys).toEqual(["old"]);
    expect(harness.core.stats()).toMatchObject({ slotsUsed: 2, running: 2 });
  });

  it("starts nothing while more children are adopted than there are slots, and bears profiles that are gone", () => {
    const { harness, old, up, fresh } = recovered({
      workers: [{ worker: OLD, profile: "gone", silentMs: 0 }],
      jobs: [
        {
          ...{ name: JOB, profile: "gone", runner: "python", fresh: false },
          children: [[{ task: new CoreHarness().task(1), holder: OLD }]],
        },
        {
          ...{ name: "t0-8", profile: "default", runner: "python", fresh: false },
          children: [2, 3, 4].map((n) => [{ task: new CoreHarness().task(n), holder: OLD }]),
        },
      ],
    });
    up(fresh);
    up(old);
    harness.send({ type: "echo", ...fresh });
    harness.send({ type: "task", ...fresh, task: harness.task(9) });
    harness.inspected();
    expect(harness.core.stats()).toMatchObject({ slots: 2, slotsUsed: 4 });
    for (const child of [0, 1]) harness.send({ ...ended(child), change: { ...ended(child).change, job: "t0-8" } });
    expect(harness.all("stage").length).toBe(1);
    const lost = { kind: "host", reason: "gone" } as const;
    harness.send({ type: "child", change: { job: JOB, child: 0, state: "failed", attempt: 1, failure: lost } });
    harness.send({ type: "task", ...fresh, task: harness.task(1) });
    harness.pass(3_000);
    expect(harness.all("stage").at(-1)?.plan).toMatchObject({ profile: "default" });
  });

  it("stops what runs when the scheduler was restarted meanwhile", () => {
    const { harness, up, fresh } = recovered({ scheduler: "s0" });
    up(fresh);
    expect(harness.all("cancel-children").flatMap(({ children }) => children).length).toBe(2);
  });
});

describe("handing over to the next process", () => {
  it("closes every link without a word and leaves jobs and frames alone", () => {
    const { harness, old, up } = recovered();
    up(old);
    harness.send(frame(0, [0]));
    const from = harness.effects.length;
    harness.send({ type: "hand-off" });
    expect(harness.effects.slice(from).map(({ type }) => type)).toEqual(["close", "close", "finished"]);
    expect(harness.all("close").every(({ leave }) => !leave)).toBe(true);
    expect(harness.last("finished").reason).toBe("handed-off");
    expect(harness.core.nextWake()).toBeUndefined();
    expect(harness.send({ type: "tick" })).toEqual([]);
  });
});
