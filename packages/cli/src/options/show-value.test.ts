import { describe, expect, it } from "vitest";
import type { Option } from "./option.ts";
import { formatValue, maskAddress, shownSettings, shownValue } from "./show-value.ts";

const option = (name: string): Option => ({ name, type: "string", group: "Work", summary: "" });

describe("shown values", () => {
  it("masks what is secret by its name or within an address", () => {
    const shown = (name: string, value: string) =>
      shownValue({ option: option(name), value, origin: { kind: "default" } });
    expect(shown("store-password", "x")).toBe("***");
    expect(shown("api-token", "x")).toBe("***");
    expect(shown("tasks-per-job", "x")).toBe("x");
    expect(shownSettings({ "queue-token": "x", queue: "q" })).toEqual({ "queue-token": "***", queue: "q" });
    expect(maskAddress("wss://user:pass@host:1/p?token=abc")).toBe("wss://***@host:1/p?***");
    expect(maskAddress("tcp://host:1")).toBe("tcp://host:1");
  });

  it("writes every kind of value on one line", () => {
    expect([5, true, "a", ["a", "b"], { linux: -1, cpu: 4 }].map(formatValue)).toEqual([
      "5",
      "true",
      "a",
      "a b",
      "linux,cpu=4",
    ]);
  });
});
