import type { Log } from "@scaler-aws-hpc/adapter-core";
import { exitCode } from "../exit-codes.ts";
import { LiveLine } from "../start/live-line.ts";
import { outputMode } from "../start/output-mode.ts";
import { listenForStops, type StopSignal } from "../start/signals.ts";
import { type Diagnosis, diagnose } from "./doctor.ts";
import { nextStep } from "./next-step.ts";
import type { PlanParts } from "./plan.ts";
import { lineText, summaryText } from "./report.ts";

/** What the command hands over. */
export interface RunDoctorOptions extends Pick<PlanParts, "settings" | "plugins" | "purpose"> {
  /** Words behind `doctor`, for the command that is next. */
  readonly argv: readonly string[];
  /** Takes the report, line by line. */
  readonly out: (line: string) => void;
}

/** Diagnoses with a report, a live line on a terminal, and an end at the first signal. */
export async function runDoctor(options: RunDoctorOptions): Promise<Diagnosis & { readonly next: string }> {
  const { settings, purpose, argv, out } = options;
  const ended = new AbortController();
  let stopped: StopSignal | undefined;
  const stop = (signal: StopSignal): void => {
    stopped = signal;
    ended.abort(new Error(`stopped by ${signal}`));
  };
  using _stops = listenForStops({ drain: stop, now: stop });
  let text = "";
  let total = 0;
  let group = "";
  const none = { options: new Map(), undecided: [], warnings: [] };
  const { live } = outputMode("options" in settings ? settings : none, process.stderr.isTTY, process.env);
  // Both streams are the terminal's, mostly: a finding takes the place of the live line, which is drawn again below it.
  const say = (words: string): void => {
    if (live) process.stderr.write(CLEAR_LINE);
    out(words);
  };
  const diagnosis = await (async () => {
    using _line = live ? new LiveLine(process.stderr, () => text) : undefined;
    const found = await diagnose({
      ...options,
      nodeVersion: process.version,
      log: QUIET,
      signal: ended.signal,
      onPlan: (checks) => {
        total = checks;
      },
      onProgress: (running, over) => {
        text = `${over} of ${total} looked at${running.length > 0 ? `, looking at ${running.map(({ title }) => title).join(", ")}` : ""}`;
      },
      onLine: (found) => {
        if (found.group !== group) say(found.group);
        group = found.group;
        say(lineText(found));
      },
    });
    text = "";
    return found;
  })();
  const next = nextStep(diagnosis, argv, purpose);
  // The live line leaves an empty one.
  if (!live) out("");
  out(summaryText(diagnosis.summary));
  if (stopped === undefined) {
    out(next);
    return { ...diagnosis, next };
  }
  return { ...diagnosis, ok: false, exitCode: exitCode(stopped === "SIGINT" ? "interrupted" : "terminated"), next };
}

const CLEAR_LINE = "\r\u001b[2K";

const nothing = (): void => undefined;

/** What a check has to say is its finding. */
const QUIET: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
