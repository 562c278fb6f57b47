import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PackSizeInput, packSize } from "./pack-size.ts";

const base: PackSizeInput = {
  share: 10,
  slots: 100,
  runTime: { meanMs: 1_000, spreadMs: 1_000 },
  startMs: 500,
  targetMs: 60_000,
  maxTasks: 10_000,
};

describe("packSize", () => {
  it("tries a function that never ran one task at a time", () => {
    expect(packSize({ ...base, runTime: undefined })).toBe(1);
  });

  it("takes the whole fair share where all tasks take the same time", () => {
    expect(packSize({ ...base, startMs: 1, runTime: { meanMs: 1_000, spreadMs: 10 } })).toBe(10);
  });

  it("takes the less of the fair share the further apart run times are, so that what is left evens out slow slots", () => {
    const sizes = [100, 600, 2_000].map((spreadMs) =>
      packSize({ ...base, startMs: 1, runTime: { meanMs: 1_000, spreadMs } }),
    );
    expect(sizes).toEqual([9, 6, 2]);
  });

  it("makes packs larger where starting a child costs much", () => {
    const runTime = { meanMs: 1_000, spreadMs: 1_000 };
    const sizes = [1, 1_000, 5_000, 60_000].map((startMs) => packSize({ ...base, startMs, runTime }));
    expect(sizes).toEqual([4, 4, 10, 10]);
  });

  it("never makes a pack longer than the target", () => {
    expect(packSize({ ...base, share: 10_000, runTime: { meanMs: 20_000, spreadMs: 0 } })).toBe(3);
    expect(packSize({ ...base, runTime: { meanMs: 3_600_000, spreadMs: 0 } })).toBe(1);
  });

  it("gives each slot one task when there are no more tasks than slots", () => {
    expect(packSize({ ...base, share: 1, runTime: { meanMs: 0.1, spreadMs: 0 } })).toBe(1);
  });

  it("stays between 1 and the limits, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.record({
          share: fc.integer({ min: 1, max: 100_000 }),
          slots: fc.integer({ min: 1, max: 10_000 }),
          runTime: fc.option(
            fc.record({
              meanMs: fc.double({ min: 0, max: 1e8, noNaN: true }),
              spreadMs: fc.double({ min: 0, max: 1e8, noNaN: true }),
            }),
            { nil: undefined },
          ),
          startMs: fc.nat(100_000),
          targetMs: fc.integer({ min: 1, max: 1e7 }),
          maxTasks: fc.integer({ min: 1, max: 10_000 }),
        }),
        (input) => {
          const size = packSize(input);
          expect(Number.isInteger(size)).toBe(true);
          expect(size).toBeGreaterThanOrEqual(1);
          expect(size).toBeLessThanOrEqual(input.maxTasks);
          expect(size).toBeLessThanOrEqual(input.share);
        },
      ),
    );
  });
});
