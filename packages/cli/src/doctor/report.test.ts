import { type AdapterErrorCode, type Check, fault, ok, warning } from "@scaler-aws-hpc/adapter-core";
import { describe, expect, it } from "vitest";
import { nextStep } from "./next-step.ts";
import { exitReasonOf, linesOf, lineText, summaryOf, summaryText } from "./report.ts";

const check: Check = { id: "s3-bucket", group: "S3", title: "bucket b", run: async () => [] };
const lines = (...codes: readonly AdapterErrorCode[]) =>
  linesOf({ check, ms: 1, findings: [ok("fine"), ...codes.map((code) => fault("broken", "mend it", code))] });

describe("a report", () => {
  it("has one line for each finding, with the fix", () => {
    const found = linesOf({
      check,
      ms: 1,
      findings: [ok("is there"), warning("a\n  b", "do\nit"), fault("gone", "make it")],
    });
    expect(found.map(lineText)).toEqual([
      "  ok       bucket b: is there",
      "  warning  bucket b: a b; fix: do it",
      "  FAULT    bucket b: gone; fix: make it",
    ]);
    expect(found.map(({ code }) => code)).toEqual([undefined, undefined, "config"]);
    const [skipped] = linesOf({ check, ms: 0, findings: [], skipped: "needs credentials" });
    expect(skipped && lineText(skipped)).toBe("  -        bucket b: not checked: needs credentials");
    expect(summaryText(summaryOf(found))).toBe("1 ok, 1 warning, 1 fault");
    expect(summaryText({ ok: 2, warnings: 0, faults: 2, notChecked: 3 })).toBe(
      "2 ok, 0 warnings, 2 faults, 3 not checked",
    );
  });

  it.each([
    [[], "ok"],
    [["config", "missing"], "config"],
    [["denied"], "denied"],
    [["unavailable", "throttled"], "unavailable"],
    [["denied", "config"], "failure"],
    [["corrupt"], "failure"],
  ] as const)("with faults of %j ends with %s", (codes, reason) => {
    expect(exitReasonOf(lines(...codes))).toBe(reason);
  });
});

describe("the next step", () => {
  const diagnosis = (faults: number) => ({
    ok: faults === 0,
    exitCode: 0,
    summary: { ok: 1, warnings: 0, faults, notChecked: 0 },
    lines: [],
  });

  it("is the command with the same words, as a shell reads them", () => {
    expect(nextStep(diagnosis(0), ["--json", "--config", "my cluster.toml"], "start")).toBe(
      "next: scaler-aws-hpc start --config 'my cluster.toml'",
    );
    expect(nextStep(diagnosis(0), ["--provision"], "provision")).toBe("next: scaler-aws-hpc provision plan");
    expect(nextStep(diagnosis(2), ["-q", "it's"], "start")).toBe(
      "next: mend the 2 faults above, the first one first, then scaler-aws-hpc doctor -q 'it'\\''s'",
    );
  });
});
