import { describe, expect, it } from "vitest";
import { resolveOptions } from "../options/resolve-options.ts";
import { OPTIONS } from "../options/table.ts";
import { outputMode } from "./output-mode.ts";

const mode = (terminal: boolean, flags: Record<string, unknown> = {}, environment: Record<string, string> = {}) =>
  outputMode(resolveOptions(OPTIONS, { flags, environment: {}, files: [] }), terminal, environment);

describe("outputMode", () => {
  it("keeps a live line on a terminal, and logs JSON elsewhere", () => {
    expect(mode(true)).toMatchObject({ live: true, pretty: true, colour: true, level: "warn" });
    expect(mode(false)).toMatchObject({ live: false, pretty: false, colour: false, level: "info" });
  });

  it.each([{ CI: "1" }, { TERM: "dumb" }])("keeps no live line with %j", (environment) => {
    expect(mode(true, {}, environment)).toMatchObject({ live: false, level: "info" });
  });

  it("honours NO_COLOR", () => {
    expect(mode(true, {}, { NO_COLOR: "1" }).colour).toBe(false);
  });

  it.each([
    [{ verbose: true }, { level: "debug", live: false }],
    [{ quiet: true }, { level: "error", live: false }],
    [{ "logging-level": "INFO" }, { level: "info", live: false }],
    [{ "logging-level": "CRITICAL" }, { level: "fatal", live: true }],
    [{ "logging-paths": ["/dev/stdout", "a.log"] }, { paths: ["/dev/stdout", "a.log"] }],
  ])("takes %j", (flags, expected) => {
    expect(mode(true, flags)).toMatchObject(expected);
  });
});
