import type { Resolved } from "../options/resolve-options.ts";

/** pino's levels. */
type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** How a run of `start` shows itself. */
export interface OutputMode {
  readonly level: LogLevel;
  /** One live line on the terminal. */
  readonly live: boolean;
  /** Human text on the terminal instead of one JSON object a line. */
  readonly pretty: boolean;
  readonly colour: boolean;
  /** Where logs go, `/dev/stdout` and `/dev/stderr` mean the streams. */
  readonly paths: readonly string[];
}

const LEVELS: Readonly<Record<string, LogLevel>> = { warning: "warn", critical: "fatal" };

/** Decides by options, terminal and the usual variables (`CI`, `TERM=dumb`, `NO_COLOR`, `FORCE_COLOR`). */
export function outputMode(
  { options }: Resolved,
  terminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): OutputMode {
  const paths = options.get("logging-paths")?.value;
  const named = options.get("logging-level")?.value;
  const verbose = options.get("verbose")?.value === true;
  const quiet = options.get("quiet")?.value === true;
  const set = (variable: string): boolean => (environment[variable] ?? "") !== "";
  const smart = terminal && environment["TERM"] !== "dumb" && !set("CI");
  const chatty = verbose || named === "debug" || named === "trace" || named === "info";
  const live = smart && !chatty && !quiet;
  const wished = typeof named === "string" ? (LEVELS[named] ?? (named as LogLevel)) : undefined;
  return {
    level: wished ?? (verbose ? "debug" : quiet ? "error" : live ? "warn" : "info"),
    live,
    pretty: terminal,
    colour: !set("NO_COLOR") && (smart || set("FORCE_COLOR")),
    paths: Array.isArray(paths) ? paths : ["/dev/stderr"],
  };
}
