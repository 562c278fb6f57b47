import { describe, expect, it } from "vitest";
import { CoreHarness } from "../../../test-support/core-harness.ts";

/** A harness with one task running. */
function running(options: ConstructorParameters<typeof CoreHarness>[0] = {}) {
  const harness = new CoreHarness(options);
  const link = harness.connect();
  harness.send({ type: "task", ...link, task: harness.task(1) });
  harness.inspected();
  const job = harness.submit();
  harness.send({ type: "child", change: { job, child: 0, state: "running", attempt: 1 } });
  return { harness, link, job };
}

const frame = (job: string, key = `${job}.0.1.0`) =>
  ({
    type: "frame",
    job,
    child: 0,
    attempt: 1,
    key,
    results: [{ task: 0, status: "ok", seconds: 0.001 }],
    notStarted: [],
  }) as const;

describe("EngineCore", () => {
  it("runs a task from assignment to acknowledgement and only then deletes its frame", () => {
    const { harness, link, job } = running();
    harness.send(frame(job));
    harness.send({ type: "child", change: { job, child: 0, state: "succeeded", attempt: 1 } });
    expect(harness.core.stats().slotsUsed).toBe(0);
    const delivery = harness.last("deliver");
    expect(delivery).toMatchObject({ taskId: harness.task(1).taskId, from: { kind: "frame", task: 0 } });
    harness.send({ type: "delivered", delivery: delivery.delivery, failure: undefined });
    expect(harness.all("delete-frames")).toEqual([]);
    harness.pass(2_000);
    harness.send({ type: "echo", ...link });
    expect(harness.all("delete-frames").map((effect) => effect.keys)).toEqual([[`${job}.0.1.0`]]);
    expect(harness.core.stats()).toMatchObject({ queued: 0, running: 0, unacknowledged: 0, succeeded: 1 });
  });

  it("does not take the echo of an older heartbeat for an acknowledgement", () => {
    const { harness, link, job } = running();
    harness.pass(2_000);
    harness.send(frame(job));
    harness.send({ type: "delivered", delivery: harness.last("deliver").delivery, failure: undefined });
    harness.send({ type: "echo", ...link });
    expect(harness.all("delete-frames")).toEqual([]);
  });

  it("resumes the old id after a broken link, answers there, and releases it when a new worker is known", () => {
    const { harness, link, job } = running({
      profiles: [{ name: "default", slots: 1, capabilities: {}, settings: {} }],
    });
    harness.send({ type: "task", ...link, task: harness.task(2) });
    harness.send({ type: "task", ...link, task: harness.task(3) });
    harness.send({ type: "link-down", ...link, reason: "RST" });
    const [fresh, again] = harness.all("open").slice(-2);
    expect(again?.worker).toBe(link.worker);
    expect(fresh?.worker).not.toBe(link.worker);
    harness.send({ type: "link-up", worker: link.worker, session: again?.session ?? 0, scheduler: "s1" });
    harness.send(frame(job));
    expect(harness.last("deliver")).toMatchObject({ worker: link.worker, session: again?.session });
    expect(harness.all("close")).toEqual([]);
    harness.send({ type: "delivered", delivery: harness.last("deliver").delivery, failure: undefined });
    harness.send({ type: "link-up", worker: fresh?.worker ?? "", session: fresh?.session ?? 0, scheduler: "s1" });
    harness.send({ type: "echo", worker: fresh?.worker ?? "", session: fresh?.session ?? 0 });
    harness.pass(2_000);
    expect(harness.all("close")).toEqual([]);
    harness.send({ type: "echo", worker: link.worker, session: again?.session ?? 0 });
    harness.pass(2_000);
    harness.send({ type: "echo", worker: link.worker, session: again?.session ?? 0 });
    expect(harness.last("close")).toMatchObject({ worker: link.worker, leave: true });
  });

  it("answers a forced cancel of a running task, revokes it and keeps the slot until the child is over", () => {
    const { harness, link, job } = running();
    harness.send({ type: "cancel", ...link, taskId: harness.task(1).taskId, force: true });
    expect(harness.last("confirm").answer).toBe("canceled");
    expect(harness.last("cancel-children").children).toEqual([{ job, child: 0 }]);
    expect(harness.core.stats().slotsUsed).toBe(1);
    harness.send(frame(job));
    expect(harness.all("deliver")).toEqual([]);
    harness.send({
      type: "child",
      change: { job, child: 0, state: "failed", attempt: 1, failure: { kind: "cancelled", reason: "" } },
    });
    expect(harness.core.stats().slotsUsed).toBe(0);
  });

  it("refuses to give a running task away for balance, and gives a queued one", () => {
    const { harness, link } = running({
      profiles: [{ name: "default", slots: 1, capabilities: {}, settings: {} }],
    });
    harness.send({ type: "task", ...link, task: harness.task(2) });
    harness.send({ type: "cancel", ...link, taskId: harness.task(1).taskId, force: false });
    expect(harness.last("confirm").answer).toBe("cancelFailed");
    harness.send({ type: "cancel", ...link, taskId: harness.task(2).taskId, force: false });
    expect(harness.last("confirm").answer).toBe("canceled");
    expect(harness.core.stats().queued).toBe(0);
  });

  it("stops dead work when the scheduler was restarted", () => {
    const { harness, link, job } = running();
    harness.send({ type: "link-down", ...link, reason: "FIN" });
    const open = harness.all("open").at(-2);
    harness.send({ type: "link-up", worker: open?.worker ?? "", session: open?.session ?? 0, scheduler: "s2" });
    expect(harness.last("cancel-children").children).toEqual([{ job, child: 0 }]);
  });

  it("tries a suspect again alone and takes its second death for final", () => {
    const { harness, job } = running();
    const died = (name: string) =>
      ({
        ...frame(name),
        results: [
          { task: 0, status: "died", seconds: 1, cause: { kind: "oom", reason: "out of memory", first: false } },
        ],
      }) as const;
    harness.send(died(job));
    harness.send({ type: "child", change: { job, child: 0, state: "succeeded", attempt: 1 } });
    expect(harness.last("stage").plan.fresh).toBe(true);
    const second = harness.submit();
    harness.send(died(second));
    expect(harness.last("deliver").from).toMatchObject({ kind: "failure", exception: "MemoryError" });
  });

  it("drains: finishes what runs, leaves, and gives queued tasks away", () => {
    const { harness, link, job } = running();
    harness.send({ type: "drain" });
    harness.send({ type: "task", ...link, task: harness.task(9) });
    harness.send(frame(job));
    harness.send({ type: "child", change: { job, child: 0, state: "succeeded", attempt: 1 } });
    harness.send({ type: "delivered", delivery: harness.last("deliver").delivery, failure: undefined });
    expect(harness.all("finished")).toEqual([]);
    harness.pass(2_000);
    harness.send({ type: "echo", ...link });
    expect(harness.last("close")).toMatchObject({ worker: link.worker, leave: true });
    expect(harness.last("finished").reason).toBe("drained");
  });

  it("loses nothing that a backend pushes before it answers the submit", () => {
    const harness = new CoreHarness();
    const link = harness.connect();
    harness.send({ type: "task", ...link, task: harness.task(1) });
    harness.inspected();
    const job = harness.last("stage").plan.name;
    harness.send({ type: "staged", job, outcome: { ok: true, absent: [], deferred: [] } });
    harness.send(frame(job));
    harness.send({ type: "child", change: { job, child: 0, state: "succeeded", attempt: 1 } });
    harness.send({ type: "submitted", job, outcome: { ok: true } });
    expect(harness.last("deliver").from).toMatchObject({ kind: "frame" });
    expect(harness.core.stats().slotsUsed).toBe(0);
  });
});

describe("a link on which nothing comes any more", () => {
  // Waking rarely, because heartbeats are rare, is no sign that the process stood still.
  it.each([500, 2_000, 15_000])("is taken for dead by its time-out with heartbeats every %i ms", (heartbeatMs) => {
    const { harness, link } = running({ heartbeatMs, linkTimeoutMs: 20_000 });
    harness.pass(heartbeatMs + 19_000);
    expect(harness.all("close")).toEqual([]);
    harness.pass(2_000 + heartbeatMs);
    expect(harness.all("close")).toMatchObject([{ worker: link.worker, leave: false }]);
  });
});

describe("scaling", () => {
  it("follows the scheduler down to no worker and up again, finishing what runs", () => {
    const { harness, link, job } = running({ scaling: "follow" });
    harness.send({ type: "scale", profile: "default", workers: 0 });
    expect(harness.all("close")).toEqual([]);
    harness.send(frame(job));
    harness.send({ type: "delivered", delivery: harness.last("deliver").delivery, failure: undefined });
    harness.pass(2_000);
    harness.send({ type: "echo", ...link });
    expect(harness.last("close")).toMatchObject({ worker: link.worker, leave: true });
    harness.send({ type: "scale", profile: "default", workers: 5 });
    expect(harness.all("open").length).toBe(2);
  });

  it("ignores the scheduler's wishes by default", () => {
    const { harness } = running();
    harness.send({ type: "scale", profile: "default", workers: 0 });
    harness.send({ type: "scale", profile: "default", workers: 9 });
    expect(harness.all("close")).toEqual([]);
    expect(harness.all("open").length).toBe(1);
  });
});
