import { describe, expect, it } from "vitest";
import { CoreHarness } from "../../../test-support/core-harness.ts";
import type { CoreOptions } from "./options.ts";

const BACKEND = {
  maxChildren: 10_000,
  inlineBytes: 0,
  window: { quietMs: 100, maxMs: 500 },
  startMs: 200,
  pollMs: 1_000,
};

class Bed extends CoreHarness {
  readonly #link: { readonly worker: string; readonly session: number };

  constructor(options: Partial<CoreOptions>, slots: number, ahead = 0) {
    const profiles = [{ name: "default", slots, ahead, capabilities: {}, settings: {} }];
    super({ backend: BACKEND, profiles, ...options });
    this.#link = this.connect();
  }

  arrive(from: number, count: number): void {
    for (let n = from; n < from + count; n++) this.send({ type: "task", ...this.#link, task: this.task(n) });
    if (from === 0) this.inspected();
  }

  /** The numbers of tasks in each child of the job that was formed last. */
  packs(): number[] {
    return this.last("stage").plan.packs.map(({ tasks }) => tasks.length);
  }

  /** Everything in a child is done, after `ms` a task. */
  finish(job: string, child: number, tasks: number, ms: number): void {
    const results = Array.from({ length: tasks }, (_, task) => ({ task, status: "ok" as const, seconds: ms / 1_000 }));
    this.send({ type: "frame", job, child, attempt: 1, key: `${job}.${child}`, results, notStarted: [] });
    this.send({ type: "child", change: { job, child, state: "succeeded", attempt: 1 } });
  }
}

describe("children that go ahead of the slots", () => {
  it("are none unless they are asked for", () => {
    const bed = new Bed({ maxTasksPerPack: 1 }, 2);
    bed.arrive(0, 10);
    bed.pass(1_000);
    expect(bed.packs()).toEqual([1, 1]);
    bed.submit();
    bed.pass(1_000);
    expect(bed.all("stage")).toHaveLength(1);
  });

  it("wait at the backend, and are filled up when a third of them is left", () => {
    const bed = new Bed({ maxTasksPerPack: 1 }, 2, 4);
    bed.arrive(0, 20);
    bed.pass(1_000);
    expect(bed.packs()).toHaveLength(6);
    const job = bed.submit();
    for (const child of [0, 1]) bed.finish(job, child, 1, 1_000);
    bed.pass(1_000);
    expect(bed.all("stage"), "two of four still wait").toHaveLength(1);
    bed.finish(job, 2, 1, 1_000);
    bed.pass(1_000);
    expect(bed.all("stage")).toHaveLength(2);
    expect(bed.packs()).toHaveLength(3);
  });

  it("are only those that it takes to know a function while tasks are packed, and then as many as may wait", () => {
    const bed = new Bed({}, 4, 8);
    bed.arrive(0, 40);
    bed.pass(1_000);
    expect(bed.packs(), "two thirds as many more as there are slots").toEqual([1, 1, 1, 1, 1, 1, 1]);
    const job = bed.submit();
    bed.finish(job, 0, 1, 1_000);
    bed.pass(1_000);
    expect(bed.all("stage"), "one still waits, and one run tells little").toHaveLength(1);
    bed.finish(job, 1, 1, 1_000);
    bed.pass(1_000);
    expect(bed.all("stage")).toHaveLength(2);
    expect(bed.packs(), "as many as may wait, beside the two that do").toHaveLength(6);
  });
});

describe("packs while more short tasks are arriving", () => {
  /** Ten slots, a start of 200 ms, a function of 50 ms, and forty tasks of it that have just come. */
  function busy(): Bed {
    const bed = new Bed({}, 10);
    bed.arrive(0, 10);
    bed.pass(1_000);
    const job = bed.submit();
    bed.pass(250);
    for (let child = 0; child < 10; child++) bed.finish(job, child, 1, 50);
    bed.arrive(10, 40);
    return bed;
  }

  it("are worth three starts, though slots stay free", () => {
    const bed = busy();
    for (let n = 50; bed.all("stage").length === 1 && n < 100; n++) {
      bed.arrive(n, 1);
      bed.pass(20);
    }
    expect(bed.packs()[0]).toBe((3 * 200) / 50);
    expect(bed.packs().length).toBeLessThan(10);
  });

  it("fill every slot once none came for a while", () => {
    const bed = busy();
    bed.pass(1_000);
    expect(bed.packs()).toHaveLength(10);
  });
});
