import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { ProtocolError } from "@scaler-aws-hpc/scaler-protocol";
import { describe, expect, it } from "vitest";
import { CliError } from "./cli-error.ts";
import { reportError } from "./error-report.ts";

describe("reportError", () => {
  it.each([
    [new CliError("usage", "x"), "usage", 2],
    [new CliError("config", "x"), "config", 78],
    [new AdapterError("unavailable", "x"), "unavailable", 69],
    [new AdapterError("denied", "x"), "denied", 77],
    [new AdapterError("conflict", "x"), "conflict", 78],
    [new AdapterError("internal", "x"), "internal", 70],
    [new AdapterError("corrupt", "x"), "corrupt", 1],
    [new ProtocolError("unreachable", "x"), "unreachable", 69],
    [new ProtocolError("malformed", "x"), "malformed", 1],
    [Object.assign(new Error("x"), { oclif: { exit: 2 } }), "usage", 2],
    [new Error("x"), "failure", 1],
    ["x", "failure", 1],
  ])("gives %o the code %s and exit code %i", (reason, code, exitCode) => {
    expect(reportError(reason)).toMatchObject({ code, exitCode });
  });

  it.each([
    [new CliError("config", "x: expected a\n[config] y: expected b"), "x: expected a\ny: expected b"],
    [new AdapterError("missing", "[x] y"), "[x] y"],
    [new Error("Unexpected arguments: a, b\nSee more help with --help"), "Unexpected arguments: a, b; see --help"],
    [
      new Error("The following errors occurred:\n  --a and --b\n  --c\nSee more help with --help"),
      "--a and --b --c; see --help",
    ],
  ])("says %o without code and on as few lines as it can", (reason, message) => {
    expect(reportError(reason).message).toBe(message);
  });
});
