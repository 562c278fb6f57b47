import { describe, expect, it } from "vitest";
import { simulateClient } from "./simulate-client.ts";

const SEEDS = 40;

describe("the Node client in the simulator", () => {
  it(`keeps its promises in ${SEEDS} seeds`, async () => {
    for (let seed = 10_001; seed <= 10_000 + SEEDS; seed += 1) {
      const { breach, tail } = await simulateClient(seed);
      expect(breach === undefined ? [] : [`seed ${seed}`, breach, tail]).toEqual([]);
    }
  }, 60_000);

  it("plays a seed the same way each time", async () => {
    const [first, second] = [await simulateClient(7), await simulateClient(7)];
    expect(second.events).toBeGreaterThan(50);
    expect({ ...second, coverage: undefined }).toEqual({ ...first, coverage: undefined });
    expect((await simulateClient(8)).hash).not.toBe(first.hash);
  });
});
