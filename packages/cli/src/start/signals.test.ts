import { afterEach, describe, expect, it, vi } from "vitest";
import { listenForStops, type StopSignal } from "./signals.ts";

afterEach(() => vi.restoreAllMocks());

describe("listenForStops", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "drains at the first signal, stops at the second, ends the process at a third %s with %i",
    (signal, code) => {
      const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as () => never);
      const heard: string[] = [];
      const tell = (what: string) => (which: StopSignal) => void heard.push(`${what} ${which}`);
      {
        using _stops = listenForStops({ drain: tell("drain"), now: tell("now") });
        process.emit("SIGTERM", "SIGTERM");
        process.emit("SIGINT", "SIGINT");
        expect(exit).not.toHaveBeenCalled();
        process.emit(signal, signal);
      }
      expect(heard).toEqual(["drain SIGTERM", "now SIGINT"]);
      expect(exit.mock.calls).toEqual([[code]]);
      expect(process.listenerCount("SIGINT") + process.listenerCount("SIGTERM")).toBe(0);
    },
  );
});
