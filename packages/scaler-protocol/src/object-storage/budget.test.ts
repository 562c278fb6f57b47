import { expect, it } from "vitest";
import { Budget } from "./budget.ts";

const settled = async (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

it("admits what fits and holds the rest, first come, first served", async () => {
  const budget = new Budget(10);
  const giveSix = await budget.take(6);
  const eight = budget.take(8);
  const one = budget.take(1);
  expect([await settled(eight), await settled(one)]).toEqual([false, false]);
  giveSix();
  giveSix();
  const giveEight = await eight;
  await one;
  const two = budget.take(2);
  expect(await settled(two)).toBe(false);
  giveEight();
  await two;
});

it("lets more than the whole budget run alone", async () => {
  const budget = new Budget(10);
  const giveOne = await budget.take(1);
  const huge = budget.take(1_000);
  expect(await settled(huge)).toBe(false);
  giveOne();
  (await huge)();
  await budget.take(10);
});

it("takes nothing for a waiter that leaves, and lets the next one through", async () => {
  const budget = new Budget(10);
  const give = await budget.take(5);
  const stop = new AbortController();
  const leaving = budget.take(9, stop.signal);
  const next = budget.take(5);
  stop.abort("gone");
  await expect(leaving).rejects.toBe("gone");
  await next;
  give();
  await budget.take(5);
  await expect(budget.take(1, AbortSignal.abort("early"))).rejects.toBe("early");
});
