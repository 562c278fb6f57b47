import { describe, expect, it } from "vitest";
import { type BatchModelOptions, playBatch } from "./batch-model.ts";
import { Random } from "./random.ts";

/** About 10 ms apart, as real ones are. */
function even(count: number, ms: number): number[] {
  const random = new Random(2);
  return Array.from({ length: count }, () => ms + random.next() * 10);
}

function logNormal(count: number, meanMs: number, seed: number): number[] {
  const random = new Random(seed);
  const sigma = 0.6;
  return Array.from({ length: count }, () => random.logNormal(meanMs * Math.exp(-(sigma ** 2) / 2), sigma));
}

function play(durationsMs: readonly number[], changes: Partial<BatchModelOptions> = {}) {
  const result = playBatch({
    ...{ durationsMs, slots: 100, maxTasksPerPack: 10_000, startMs: 200, latencyMs: 2 },
    backend: {
      ...{ maxChildren: 10_000, inlineBytes: 0, outlives: true, retriesNatively: true, startMs: 20_000 },
      ...{ window: { quietMs: 100, maxMs: 500 }, pollMs: 100, pollMostMs: 1_000 },
    },
    ...changes,
  });
  return { ...result, ratio: result.makespanMs / result.idealMs };
}

// The budgets that the product promises, less what the service's own polling and a real machine add.
describe("what a workload on 100 slots of a polled batch service costs", () => {
  it("fills the slots of a wave with one job", () => {
    const { ratio, submits } = play(even(1_000, 1_000), { maxTasksPerPack: 1 });
    expect(ratio).toBeLessThan(1.12);
    expect(submits).toBeLessThanOrEqual(20);
  });

  it.each([1, 2, 3])("gathers the slots that tasks of unequal length free (sample %i)", (seed) => {
    const { ratio, submits } = play(logNormal(1_000, 5_000, seed), { maxTasksPerPack: 1 });
    expect(ratio).toBeLessThan(1.12);
    expect(submits).toBeLessThanOrEqual(130);
  });

  it.each([1, 2, 3])("packs tasks of unequal length without a tail (sample %i)", (seed) => {
    const { ratio, submits, children } = play(logNormal(1_000, 5_000, seed));
    expect(ratio).toBeLessThan(1.15);
    expect(submits).toBeLessThanOrEqual(90);
    expect(children).toBeLessThan(600);
  });

  it("gives everything that is left to the slots once it is known how long a task takes", () => {
    const long = play(even(1_000, 1_000));
    expect(long.ratio).toBeLessThan(1);
    expect(long.submits).toBeLessThanOrEqual(4);
    const short = play(even(10_000, 100));
    expect(short.makespanMs).toBeLessThan(12_000);
    expect(short.submits).toBeLessThanOrEqual(4);
    // Frames are what costs requests: a put and a get each.
    expect(short.frames).toBeLessThan(2_000);
  });

  it("waits for nothing when a client waits for each answer", () => {
    const { makespanMs } = play([1_000], { arrivalMs: 0 });
    expect(makespanMs).toBeLessThan(1_500);
  });
});
