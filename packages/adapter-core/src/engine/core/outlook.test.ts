import { expect, it } from "vitest";
import { Outlook } from "./outlook.ts";
import type { Child } from "./work.ts";

/** So many children that are expected to be over at that time. */
function busy(outlook: Outlook, count: number, at: number): Child[] {
  return Array.from({ length: count }, () => {
    const child = {} as Child;
    outlook.expect(child, at);
    return child;
  });
}

const tasks = { now: 0, meanMs: 1_000, laterMs: 500 };

it("shares tasks out equally among slots that are all free", () => {
  expect(new Outlook().share({ ...tasks, ready: 900, free: 100 })).toBe(9);
  expect(new Outlook().share({ ...tasks, ready: 1, free: 100 })).toBe(1);
});

it("gives a free slot what it can do until the others are free", () => {
  const outlook = new Outlook();
  busy(outlook, 96, 5_000);
  expect(outlook.share({ ...tasks, ready: 16, free: 4 })).toBe(4);
  expect(outlook.share({ ...tasks, ready: 40, free: 2 })).toBe(6);
  expect(outlook.share({ ...tasks, ready: 600, free: 4 })).toBe(11);
});

it("knows how many children end soon, late ones among them, and forgets those that are over", () => {
  const outlook = new Outlook();
  const [first] = busy(outlook, 2, 1_000);
  busy(outlook, 3, 9_000);
  expect(outlook.endingBy(1_500)).toBe(2);
  expect(outlook.endingBy(20_000)).toBe(5);
  outlook.forget(first as Child);
  outlook.forget(first as Child);
  expect(outlook.endingBy(1_500)).toBe(1);
});
