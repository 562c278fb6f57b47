import fc from "fast-check";
import { expect, it } from "vitest";
import { backoffDelayMs } from "./backoff.ts";

it("doubles from the base up to the cap", () => {
  const delays = [0, 1, 2, 3, 4].map((attempt) => backoffDelayMs(attempt, 0.5, { baseMs: 100, maxMs: 1_000 }));
  expect(delays).toEqual([75, 150, 300, 600, 750]);
});

it("spreads over the upper half of the range, whatever the attempt", () => {
  fc.assert(
    fc.property(fc.nat(5_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const ceiling = Math.min(10_000, 100 * 2 ** attempt);
      const delay = backoffDelayMs(attempt, random);
      return delay >= ceiling / 2 && delay <= ceiling;
    }),
  );
});
