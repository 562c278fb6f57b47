import type { AdapterErrorCode, Finding } from "@scaler-aws-hpc/adapter-core";
import type { ExitReason } from "../exit-codes.ts";
import type { CheckOutcome } from "./run-checks.ts";

/** One line of the report. */
export interface ReportLine {
  /** Id of the check, for scripts. */
  readonly id: string;
  readonly group: string;
  /** What was looked at. */
  readonly title: string;
  readonly level: Finding["level"] | "not-checked";
  readonly text: string;
  readonly fix?: string;
  /** Kind of a fault. */
  readonly code?: AdapterErrorCode;
}

/** How many lines of each level there are. */
export interface ReportSummary {
  readonly ok: number;
  readonly warnings: number;
  readonly faults: number;
  readonly notChecked: number;
}

/** The lines of an outcome. */
export function linesOf({ check, findings, skipped }: CheckOutcome): readonly ReportLine[] {
  const { id, group, title } = check;
  if (skipped !== undefined) return [{ id, group, title, level: "not-checked", text: `not checked: ${skipped}` }];
  return findings.map(({ level, text, fix, code }) => ({
    ...{ id, group, title, level, text: oneLine(text) },
    ...(fix !== undefined && { fix: oneLine(fix) }),
    ...(level === "fault" && { code: code ?? "config" }),
  }));
}

/** Counts lines by level. */
export function summaryOf(lines: readonly ReportLine[]): ReportSummary {
  const count = (level: ReportLine["level"]): number => lines.filter((line) => line.level === level).length;
  return {
    ok: count("ok"),
    warnings: count("warning"),
    faults: count("fault"),
    notChecked: count("not-checked"),
  };
}

const KINDS: Readonly<Partial<Record<AdapterErrorCode, ExitReason>>> = {
  denied: "denied",
  unavailable: "unavailable",
  throttled: "unavailable",
  config: "config",
  conflict: "config",
  incompatible: "config",
  missing: "config",
};

/** Why the command ends: `ok` without faults, the kind of the faults where all are of one, else `failure`. */
export function exitReasonOf(lines: readonly ReportLine[]): ExitReason {
  const kinds = new Set(
    lines.filter(({ level }) => level === "fault").map(({ code = "config" }) => KINDS[code] ?? "failure"),
  );
  if (kinds.size === 0) return "ok";
  const [only = "failure"] = kinds;
  return kinds.size === 1 ? only : "failure";
}

const MARKS: Readonly<Record<ReportLine["level"], string>> = {
  ok: "ok     ",
  warning: "warning",
  fault: "FAULT  ",
  "not-checked": "-      ",
};

/** A line as it is printed below its heading. */
export const lineText = ({ level, title, text, fix }: ReportLine): string =>
  `  ${MARKS[level]}  ${title}: ${text}${fix === undefined ? "" : `; fix: ${fix}`}`;

/** The last but one line: how many of what. */
export function summaryText({ ok, warnings, faults, notChecked }: ReportSummary): string {
  const some = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
  const parts = [`${ok} ok`, some(warnings, "warning"), some(faults, "fault")];
  return [...parts, ...(notChecked === 0 ? [] : [`${notChecked} not checked`])].join(", ");
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
