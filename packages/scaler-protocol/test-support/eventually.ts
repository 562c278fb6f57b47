import { expect } from "vitest";

/** `expect.poll` with patience for a loaded machine. */
export const eventually = <T>(read: () => T): ReturnType<typeof expect.poll<T>> =>
  expect.poll(read, { timeout: 10_000, interval: 10 });
