import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lateWord } from "./late-word.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("is said once, after some seconds, and not when all was in time", () => {
  const tell = vi.fn();
  lateWord(tell)[Symbol.dispose]();
  const late = lateWord(tell);
  vi.advanceTimersByTime(9_999);
  expect(tell).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  late[Symbol.dispose]();
  expect(tell).toHaveBeenCalledTimes(1);
});
