import { describe, expect, it } from "vitest";
import { CoreHarness } from "../../../test-support/core-harness.ts";

const PULL = { kind: "image", reason: "CannotPullContainerError: no such tag" } as const;

/** Many tasks in two slots, whose every job fails to start; ends after `trials` of them. */
function failing(trials: number) {
  const harness = new CoreHarness({ maxRetries: 2, linkTimeoutMs: 1e9 });
  const link = harness.connect();
  for (let n = 1; n <= 50; n += 1) harness.send({ type: "task", ...link, task: harness.task(n) });
  harness.inspected();
  const names = new Set<string>();
  const fail = (): boolean => {
    const next = harness.all("stage").find(({ plan }) => !names.has(plan.name));
    if (next === undefined) return false;
    const job = next.plan.name;
    names.add(job);
    harness.send({ type: "staged", job, outcome: { ok: true, absent: [], deferred: [] } });
    harness.send({ type: "submitted", job, outcome: { ok: true } });
    harness.send({ type: "child", change: { job, child: 0, state: "failed", attempt: 1, failure: PULL } });
    return true;
  };
  for (let turn = 0; names.size < trials && turn < 1_000; turn += 1) if (!fail()) harness.pass(500);
  return { harness, link, names };
}

describe("a deployment that cannot be started", () => {
  it("is tried with one task at a time, less and less often, while the others wait", () => {
    const { harness, names } = failing(12);
    expect(harness.core.stats()).toMatchObject({ slotsUsed: 0, failures: { image: 12 } });
    expect(harness.core.stats().failed).toBeLessThanOrEqual(4);
    expect(harness.core.stats().queued).toBeGreaterThanOrEqual(46);
    harness.pass(30_000);
    const live = harness.all("stage").filter(({ plan }) => !names.has(plan.name));
    expect(live.length).toBeLessThanOrEqual(1);
    expect(harness.now).toBeGreaterThan(60_000);
    const [failure] = harness.all("deliver");
    expect(failure?.from).toMatchObject({ kind: "failure", message: expect.stringContaining("no such tag") });
  });

  it("goes on with all slots once a trial runs", () => {
    const { harness } = failing(5);
    harness.pass(60_000);
    const job = harness.submit();
    harness.send({ type: "child", change: { job, child: 0, state: "running", attempt: 1 } });
    expect(harness.core.stats().slotsUsed).toBe(2);
  });
});

describe("one runner of two that cannot be started", () => {
  it("does not hold the tasks of the other, and is tried beside them", () => {
    const { harness, link, names } = failing(6);
    for (let n = 101; n <= 110; n += 1) {
      harness.send({ type: "task", ...link, task: harness.task(n, { source: "c2", functionId: "f2" }) });
    }
    harness.inspected("node");
    const ended = new Set<string>();
    for (let second = 0; second < 60; second += 1) {
      const next = harness.all("stage").filter(({ plan }) => !names.has(plan.name) && !ended.has(plan.name));
      for (const { plan } of next) {
        ended.add(plan.name);
        const [job, failed] = [plan.name, plan.runner === "python"];
        harness.send({ type: "staged", job, outcome: { ok: true, absent: [], deferred: [] } });
        harness.send({ type: "submitted", job, outcome: { ok: true } });
        plan.packs.forEach((pack, child) => {
          if (failed) {
            expect(plan.packs.flatMap(({ tasks }) => tasks)).toHaveLength(1);
            harness.send({ type: "child", change: { job, child, state: "failed", attempt: 1, failure: PULL } });
            return;
          }
          const results = pack.tasks.map((_, task) => ({ task, status: "ok" as const, seconds: 0.1 }));
          harness.send({
            ...{ type: "frame", job, child, attempt: 1, key: `${job}.${child}` },
            ...{ results, notStarted: [] },
          });
          harness.send({ type: "child", change: { job, child, state: "succeeded", attempt: 1 } });
        });
      }
      harness.pass(1_000);
    }
    const runners = harness.all("stage").flatMap(({ plan }) => (ended.has(plan.name) ? [plan.runner] : []));
    expect(harness.core.stats().succeeded, "all tasks of the runner that works").toBe(10);
    expect(runners.filter((runner) => runner === "python").length, "trials of the other").toBeGreaterThan(0);
    expect(runners.filter((runner) => runner === "python").length).toBeLessThan(8);
    expect(harness.core.stats().queued).toBeGreaterThan(40);
  });
});

describe("a backend that takes no jobs", () => {
  const refuse = (harness: CoreHarness, seen: Set<string>): number => {
    const next = harness.all("stage").filter(({ plan }) => !seen.has(plan.name));
    for (const { plan } of next) {
      seen.add(plan.name);
      harness.send({ type: "staged", job: plan.name, outcome: { ok: true, absent: [], deferred: [] } });
      harness.send({
        type: "submitted",
        job: plan.name,
        outcome: { ok: false, retry: true, message: "[denied] batch:SubmitJob" },
      });
    }
    return next.length;
  };

  it("is asked seldom, for however long, and no task pays for it", () => {
    const harness = new CoreHarness({ maxRetries: 2, linkTimeoutMs: 1e9 });
    const link = harness.connect();
    for (let n = 1; n <= 20; n += 1) harness.send({ type: "task", ...link, task: harness.task(n) });
    harness.inspected();
    const seen = new Set<string>();
    for (let second = 0; second < 300; second += 1) {
      refuse(harness, seen);
      harness.pass(1_000);
    }
    expect(seen.size).toBeLessThan(35);
    expect(harness.core.stats()).toMatchObject({ failed: 0, retried: 0 });
    expect(harness.all("log").filter(({ level }) => level === "warn")).toHaveLength(1);
    const before = seen.size;
    harness.pass(15_000);
    const trial = harness.all("stage").find(({ plan }) => !seen.has(plan.name));
    expect(trial?.plan.packs.flatMap(({ tasks }) => tasks)).toHaveLength(1);
    const job = trial?.plan.name ?? "";
    harness.send({ type: "staged", job, outcome: { ok: true, absent: [], deferred: [] } });
    harness.send({ type: "submitted", job, outcome: { ok: true } });
    harness.pass(100);
    expect(harness.core.stats().slotsUsed).toBe(2);
    expect(before).toBe(seen.size);
  });
});

describe("the budget of retries", () => {
  it("is one for the backend's own attempts and ours, and the failure says how many there were", () => {
    const harness = new CoreHarness({
      maxRetries: 3,
      backend: {
        ...{ maxChildren: 1, inlineBytes: 0, retriesNatively: true, startMs: 3, pollMs: 1_000 },
        window: { quietMs: 0, maxMs: 0 },
      },
    });
    const link = harness.connect();
    harness.send({ type: "task", ...link, task: harness.task(1) });
    harness.inspected();
    expect(harness.last("stage").plan.attempts).toBe(4);
    const failure = { kind: "spot", reason: "reclaimed" } as const;
    const first = harness.submit();
    harness.send({ type: "child", change: { job: first, child: 0, state: "running", attempt: 2 } });
    harness.send({ type: "child", change: { job: first, child: 0, state: "failed", attempt: 3, failure } });
    harness.pass(10_000);
    expect(harness.all("stage").length).toBe(2);
    expect(harness.last("stage").plan.attempts).toBe(1);
    const second = harness.submit();
    harness.send({ type: "child", change: { job: second, child: 0, state: "failed", attempt: 1, failure } });
    expect(harness.last("deliver").from).toMatchObject({ message: "reclaimed; gave up after 4 failed attempts" });
    expect(harness.core.stats()).toMatchObject({ nativeRetries: 2, failures: { spot: 2 } });
  });

  it("is spent by attempts that are only heard of by their frames", () => {
    const harness = new CoreHarness({
      backend: {
        ...{ maxChildren: 1, inlineBytes: 0, retriesNatively: true, startMs: 3, pollMs: 1_000 },
        window: { quietMs: 0, maxMs: 0 },
      },
    });
    const link = harness.connect();
    harness.send({ type: "task", ...link, task: harness.task(1) });
    harness.inspected();
    const job = harness.submit();
    const frame = { type: "frame", job, child: 0, attempt: 3, key: "k", results: [], notStarted: [0] } as const;
    harness.send(frame);
    harness.send({ type: "child", change: { job, child: 0, state: "succeeded", attempt: 3 } });
    expect(harness.last("stage").plan.attempts).toBe(3);
  });
});
