import { type Check, systemClock } from "@scaler-aws-hpc/adapter-core";
import { exitCode } from "../exit-codes.ts";
import { type PlanParts, planChecks } from "./plan.ts";
import { exitReasonOf, linesOf, type ReportLine, type ReportSummary, summaryOf } from "./report.ts";
import { type RunChecksOptions, runChecks } from "./run-checks.ts";

/** What `doctor` found. */
export interface Diagnosis {
  /** No fault. */
  readonly ok: boolean;
  readonly exitCode: number;
  readonly summary: ReportSummary;
  readonly lines: readonly ReportLine[];
}

/** How {@link diagnose} runs. */
export interface DiagnoseOptions extends Omit<PlanParts, "defer">, Pick<RunChecksOptions, "signal" | "onProgress"> {
  /** Told each line, in order, as soon as those before it are known. */
  readonly onLine?: (line: ReportLine) => void;
  /** Told how many checks there will be. */
  readonly onPlan?: (checks: number) => void;
}

/** Looks at everything that `start` needs. Never throws for what it finds; closes what its checks opened. */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { signal, onProgress, onLine } = options;
  const closers: (() => void)[] = [];
  try {
    const checks = await planChecks({ ...options, defer: (close) => void closers.push(close) });
    options.onPlan?.(checks.length);
    const outcomes = runChecks(checks, { clock: systemClock, signal, ...(onProgress && { onProgress }) });
    const lines: ReportLine[] = [];
    // What two plugins say of one subject stands together; what is needed first is not moved, for it runs all the same.
    const byId = new Map<string, readonly ReportLine[]>();
    const shown = inGroups(checks);
    for await (const outcome of outcomes) {
      byId.set(outcome.check.id, linesOf(outcome));
      for (let next = shown[0]; next !== undefined && byId.has(next.id); next = shown[0]) {
        shown.shift();
        for (const line of byId.get(next.id) ?? []) {
          lines.push(line);
          onLine?.(line);
        }
      }
    }
    const reason = exitReasonOf(lines);
    return { ok: reason === "ok", exitCode: exitCode(reason), summary: summaryOf(lines), lines };
  } finally {
    for (const close of closers) close();
  }
}

/** Checks of one heading together, headings in the order in which they first appear. */
function inGroups(checks: readonly Check[]): Check[] {
  const groups = new Map<string, Check[]>();
  for (const check of checks) groups.set(check.group, [...(groups.get(check.group) ?? []), check]);
  return [...groups.values()].flat();
}
