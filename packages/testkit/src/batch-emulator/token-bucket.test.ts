import { expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

it("has a burst of a second's worth and fills again with time", () => {
  let now = 0;
  const bucket = new TokenBucket(50, () => now);
  const taken = (): number => Array.from({ length: 100 }, () => bucket.take()).filter(Boolean).length;
  expect(taken()).toBe(50);
  now += 100;
  expect(taken()).toBe(5);
  now += 10_000;
  expect(taken()).toBe(50);
});
