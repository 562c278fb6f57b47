import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { didYouMean } from "./did-you-mean.ts";

const FLAGS = ["max-concurrent-jobs", "max-payload", "max-memory", "name", "backend", "workers"];

describe("didYouMean", () => {
  it.each([
    ["max-concurent-jobs", "max-concurrent-jobs"],
    ["max_concurrent_jobs", "max-concurrent-jobs"],
    ["nmae", "name"],
    ["Backend", "backend"],
    ["max-conc", "max-concurrent-jobs"],
    ["max-cuncurrent", "max-concurrent-jobs"],
  ])("takes %s for %s", (word, meant) => {
    expect(didYouMean(word, FLAGS)).toBe(meant);
  });

  it.each(["", "max-", "zzz", "x".repeat(10_000)])("has no guess for %s", (word) => {
    expect(didYouMean(word, FLAGS)).toBeUndefined();
  });

  it("always finds a word after one slip", () => {
    fc.assert(
      fc.property(fc.constantFrom(...FLAGS), fc.nat(), (flag, at) => {
        const place = at % flag.length;
        expect(didYouMean(flag.slice(0, place) + flag.slice(place + 1), [flag])).toBe(flag);
      }),
    );
  });
});
