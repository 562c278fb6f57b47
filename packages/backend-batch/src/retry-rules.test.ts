import { expect, it } from "vitest";
import { retryStrategy } from "./retry-rules.ts";

it("asks for as many attempts as Batch makes", () => {
  expect([0, 1, 4.7, 10, 99].map((attempts) => retryStrategy(attempts).attempts)).toEqual([1, 1, 4, 10, 10]);
});

it("has rules that Batch takes, the last of which ends what no other speaks of", () => {
  const { evaluateOnExit: rules = [] } = retryStrategy(3);
  expect(rules.length).toBeLessThanOrEqual(5);
  expect(rules.at(-1)).toEqual({ onReason: "*", action: "EXIT" });
  for (const { onReason, onStatusReason, onExitCode } of rules) {
    expect(onExitCode).toBeUndefined();
    // Letters, digits, dots, colons and spaces, with a star at the end.
    expect(onReason ?? onStatusReason).toMatch(/^[A-Za-z0-9.: ]*\*$/);
  }
});
