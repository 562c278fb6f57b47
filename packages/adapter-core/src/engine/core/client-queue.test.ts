import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoreHarness } from "../../../test-support/core-harness.ts";
import { ClientQueue } from "./client-queue.ts";
import type { Work } from "./work.ts";

const harness = new CoreHarness();

function work(order: number, priority = 0): Work {
  return {
    task: harness.task(order, { priority }),
    profile: "default",
    order,
    state: "waiting",
    claim: undefined,
    ticket: 0,
    child: undefined,
    index: 0,
    outcome: undefined,
    retries: 0,
    maxPack: 1,
    fresh: false,
    readyAt: 0,
    claimUntil: undefined,
  };
}

const orders = (queue: ClientQueue): number[] => {
  const taken: number[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next.order);
  return taken;
};

describe("ClientQueue", () => {
  it("gives the most urgent first and equals in order of arrival", () => {
    const queue = new ClientQueue();
    for (const [order, priority] of [
      [1, 0],
      [2, 5],
      [3, 0],
      [4, 5],
    ] as const) {
      queue.add(work(order, priority));
    }
    expect(orders(queue)).toEqual([2, 4, 1, 3]);
  });

  it("gives what was put back before everything else of its priority", () => {
    const queue = new ClientQueue();
    queue.add(work(1));
    queue.add(work(2));
    const first = queue.take();
    if (first !== undefined) queue.add(first, "front");
    expect(orders(queue)).toEqual([1, 2]);
  });

  it("behaves like a sorted list under any sequence of adds, removals and takes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("add", "remove", "take"), fc.nat(3), fc.nat(20)), { maxLength: 400 }),
        (steps) => {
          const queue = new ClientQueue();
          const model: Work[] = [];
          let order = 0;
          const best = (): Work | undefined =>
            [...model].sort((a, b) => b.task.priority - a.task.priority || a.order - b.order)[0];
          for (const [step, priority, pick] of steps) {
            if (step === "add") {
              const added = work(order++, priority);
              queue.add(added);
              model.push(added);
            } else if (step === "remove" && model.length > 0) {
              const removed = model[pick % model.length] as Work;
              queue.remove(removed);
              removed.state = "dropped";
              model.splice(model.indexOf(removed), 1);
            } else if (step === "take") {
              const expected = best();
              expect(queue.take()).toBe(expected);
              if (expected !== undefined) model.splice(model.indexOf(expected), 1);
            }
            expect(queue.size).toBe(model.length);
            expect(queue.peek()).toBe(best());
          }
        },
      ),
    );
  });
});
