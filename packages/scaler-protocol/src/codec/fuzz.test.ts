import { expect, it } from "vitest";
import { fuzz } from "../../fixtures/fuzz.ts";

it("refuses 20,000 damaged frames with its own errors, or decodes them", () => {
  const { decoded, unknown, refused } = fuzz(20_000, 1);
  expect(decoded + unknown + Object.values(refused).reduce((sum, count) => sum + count, 0)).toBe(20_000);
  // A run that exercises only one way out shows nothing.
  expect(decoded).toBeGreaterThan(1000);
  expect(unknown).toBeGreaterThan(100);
  for (const code of ["malformed", "truncated", "limit"]) expect(refused[code]).toBeGreaterThan(100);
});
