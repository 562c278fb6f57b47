import { describe, expect, it } from "vitest";
import { REGRESSIONS } from "./regressions.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 50;

describe("the engine's core in the simulator", () => {
  it(`keeps its promises in ${SEEDS} seeds`, () => {
    for (let seed = 10_001; seed <= 10_000 + SEEDS; seed += 1) {
      const { breach, tail } = simulate(seed);
      expect(breach === undefined ? [] : [`seed ${seed}`, breach, tail]).toEqual([]);
    }
  }, 60_000);

  it.each(REGRESSIONS)("keeps them in seed %i, which broke one once", (seed) => {
    expect(simulate(seed).breach).toBeUndefined();
  });

  it("plays a seed the same way each time", () => {
    const [first, second] = [simulate(7), simulate(7)];
    expect(second.events).toBeGreaterThan(100);
    expect({ ...second, coverage: undefined }).toEqual({ ...first, coverage: undefined });
    expect(simulate(8).hash).not.toBe(first.hash);
  });
});
