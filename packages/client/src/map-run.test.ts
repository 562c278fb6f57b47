import { beforeEach, describe, expect, it } from "vitest";
import { turns } from "../test-support/turns.ts";
import { type MapLimits, MapRun } from "./map-run.ts";
import { type RunHost, TaskRun } from "./session/task-run.ts";

interface Started {
  readonly input: number;
  readonly run: TaskRun;
}

let started: Started[];
let canceled: number;
let nextId: number;

const host: RunHost = {
  cancel: (run) => {
    canceled += 1;
    run.canceled();
  },
  ended: () => undefined,
};

function mapOf(
  inputs: Iterable<number> | AsyncIterable<number>,
  limits: MapLimits = {},
  bytes = 1,
): MapRun<number, number> {
  return new MapRun({
    inputs,
    signal: undefined,
    ...limits,
    start: (input) => {
      nextId += 1;
      const run = new TaskRun(String(nextId), host, undefined);
      run.submitted();
      started.push({ input, run });
      return { run, byteLength: bytes };
    },
  });
}

function finish(index: number, value?: number): void {
  const run = started[index]?.run;
  run?.fetching([]);
  run?.succeed(value ?? (started[index]?.input ?? 0) * 10);
}

function fail(index: number, reason: unknown): void {
  started[index]?.run.fetching([]);
  started[index]?.run.fail(reason);
}

/** Answers every task as soon as it is started. */
async function answering<Value>(promise: Promise<Value>): Promise<Value> {
  let over = false;
  const done = (): void => {
    over = true;
  };
  promise.then(done, done);
  for (let next = 0; !over; ) {
    if (next < started.length) finish(next++);
    else await turns(1);
  }
  return await promise;
}

beforeEach(() => {
  started = [];
  canceled = 0;
  nextId = 0;
});

describe("a map", () => {
  it("yields results in the order of the inputs, whatever the order of the ends", async () => {
    const all = mapOf([1, 2, 3]).toArray();
    await turns();
    for (const index of [2, 0, 1]) finish(index);
    expect(await all).toEqual([10, 20, 30]);
  });

  it("yields them as they come where that is asked for", async () => {
    const all = mapOf([1, 2, 3], { ordered: false }).toArray();
    await turns();
    for (const index of [2, 0, 1]) {
      finish(index);
      await turns();
    }
    expect(await all).toEqual([30, 10, 20]);
  });

  it("takes 25,000 inputs, never more than its concurrency at once", async () => {
    let most = 0;
    const inputs = (function* (): Generator<number> {
      for (let n = 0; n < 25_000; n += 1) {
        most = Math.max(most, started.filter(({ run }, at) => at > started.length - 200 && !run.over).length);
        yield n;
      }
    })();
    const results = await answering(mapOf(inputs, { concurrency: 64 }).toArray());
    expect(results).toHaveLength(25_000);
    expect(results.at(-1)).toBe(249_990);
    expect(most).toBeLessThanOrEqual(64);
  });

  it("pulls no input before there is room, so inputs may be endless", async () => {
    let pulled = 0;
    const inputs = (function* (): Generator<number> {
      for (;;) yield pulled++;
    })();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const value of mapOf(inputs, { concurrency: 3 })) {
        seen.push(value);
        if (seen.length === 2) break;
      }
    })();
    await turns();
    expect([started.length, pulled]).toEqual([3, 4]);
    finish(0);
    finish(1);
    await reading;
    expect(seen).toEqual([0, 10]);
    expect(started.filter(({ run }) => !run.over)).toEqual([]);
    expect(canceled).toBeGreaterThan(0);
  });

  it("holds back while the arguments under way are too many bytes, and lets one task through however large", async () => {
    const reading = mapOf([1, 2, 3], { maxInFlightBytes: 100 }, 1_000).toArray();
    await turns();
    expect(started).toHaveLength(1);
    expect(await answering(reading)).toEqual([10, 20, 30]);
  });

  it("throws the first failure in order, and cancels the rest", async () => {
    const all = mapOf([1, 2, 3, 4]).toArray();
    all.catch(() => undefined);
    await turns();
    finish(0);
    fail(1, new Error("broken"));
    await expect(all).rejects.toThrow("broken");
    expect(canceled).toBe(2);
  });

  it("can tell how each task ended instead", async () => {
    const outcomes: unknown[] = [];
    const reading = (async () => {
      for await (const outcome of mapOf([1, 2]).settled()) outcomes.push(outcome);
    })();
    await turns();
    fail(0, "no");
    finish(1);
    await reading;
    expect(outcomes).toEqual([
      { status: "rejected", index: 0, input: 1, reason: "no" },
      { status: "fulfilled", index: 1, input: 2, value: 20 },
    ]);
  });

  it("takes inputs that come slowly, and yields meanwhile", async () => {
    const gate = Promise.withResolvers<void>();
    const inputs = (async function* (): AsyncGenerator<number> {
      yield 1;
      await gate.promise;
      yield 2;
    })();
    const results = mapOf(inputs)[Symbol.asyncIterator]();
    const first = results.next();
    await turns();
    finish(0);
    expect(await first).toEqual({ done: false, value: 10 });
    gate.resolve();
    const second = results.next();
    await turns();
    finish(1);
    expect(await second).toEqual({ done: false, value: 20 });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it("throws what its inputs throw, after what came before", async () => {
    const inputs = (function* (): Generator<number> {
      yield 1;
      throw new Error("no more paper");
    })();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const value of mapOf(inputs)) seen.push(value);
    })();
    await turns();
    finish(0);
    await expect(reading).rejects.toThrow("no more paper");
    expect(seen).toEqual([10]);
  });

  it("tells its progress, and the total where it is known", async () => {
    const told: unknown[] = [];
    await answering(mapOf([1, 2], { onProgress: (progress) => told.push(progress) }).toArray());
    expect(told[0]).toEqual({ submitted: 1, succeeded: 0, failed: 0, total: 2 });
    expect(told.at(-1)).toEqual({ submitted: 2, succeeded: 2, failed: 0, total: 2 });
  });

  it("is used once, with sensible limits", async () => {
    const run = mapOf([]);
    expect(await run.toArray()).toEqual([]);
    await expect(run.toArray()).rejects.toThrow(/^\[config\].*once/);
    expect(() => mapOf([], { concurrency: 0 })).toThrow(/^\[config\] concurrency: .* got 0/);
    expect(() => mapOf([], { maxInFlightBytes: 1.5 })).toThrow(/^\[config\] maxInFlightBytes/);
  });
});
