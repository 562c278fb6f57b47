import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Gate } from "./gate.ts";

/** Work that ends when it is told to, and counts how much is under way. */
function bench(gate: Gate) {
  const ends: (() => void)[] = [];
  let under = 0;
  let most = 0;
  const start = (signal?: AbortSignal): Promise<void> =>
    gate.run(
      async () => {
        under += 1;
        most = Math.max(most, under);
        await new Promise<void>((resolve) => ends.push(resolve));
        under -= 1;
      },
      { signal },
    );
  return { start, ends, under: () => under, most: () => most };
}

it("lets so many in at once, the rest in their order", async () => {
  const { start, ends, under, most } = bench(new Gate(2));
  const all = Promise.all(Array.from({ length: 7 }, () => start()));
  while (ends.length > 0 || under() > 0) {
    ends.shift()?.();
    await turn();
  }
  await all;
  expect(most()).toBe(2);
});

it("lets go of one that is aborted while it waits", async () => {
  const { start, ends } = bench(new Gate(1));
  const first = start();
  const stop = new AbortController();
  const waiting = start(stop.signal);
  const last = start();
  const reason = new Error("enough");
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  ends.shift()?.();
  await first;
  await turn();
  ends.shift()?.();
  await last;
});

it("keeps its count when the abort comes in the moment of the turn", async () => {
  const gate = new Gate(1);
  const { start, ends } = bench(gate);
  const first = start();
  const stop = new AbortController();
  const waiting = Promise.allSettled([start(stop.signal)]);
  ends.shift()?.();
  while (ends.length === 0 && !stop.signal.aborted) {
    await Promise.resolve();
    stop.abort(new Error("enough"));
  }
  await first;
  await turn();
  ends.shift()?.();
  await waiting;
  const next = start();
  await turn();
  ends.shift()?.();
  await next;
});

it("halves when asked to slow down, once for all requests that were sent before, and recovers", async () => {
  const gate = new Gate(64);
  const { era } = gate;
  for (let i = 0; i < 10; i += 1) gate.slower(era);
  expect(gate.bound).toBe(32);
  for (let i = 0; i < 10; i += 1) gate.slower(gate.era);
  expect(gate.bound).toBe(4);
  for (let i = 0; i < 40; i += 1) gate.well();
  expect(gate.bound).toBe(6);
  for (let i = 0; i < 2_000; i += 1) gate.well();
  expect(gate.bound).toBe(64);
});

it("never goes below what it was given", () => {
  const gate = new Gate(2);
  gate.slower(gate.era);
  expect(gate.bound).toBe(2);
});
