/** Why the program ended, as a word; see {@link EXIT_CODES} for the number and the meaning. */
export type ExitReason =
  | "ok"
  | "failure"
  | "usage"
  | "changes"
  | "unavailable"
  | "internal"
  | "denied"
  | "config"
  | "interrupted"
  | "terminated";

/** The one table of exit codes: used by every command, printed by the help, listed in the documentation. Numbers follow sysexits(3). */
export const EXIT_CODES: Readonly<Record<ExitReason, { readonly code: number; readonly meaning: string }>> = {
  ok: { code: 0, meaning: "done; also a clean drain after SIGTERM" },
  failure: { code: 1, meaning: "failed" },
  usage: { code: 2, meaning: "the command line is wrong: unknown command or flag, bad value" },
  changes: { code: 3, meaning: "`provision plan --detailed-exitcode`: there is something to change" },
  unavailable: { code: 69, meaning: "the scheduler, or a service that is needed, cannot be reached" },
  internal: { code: 70, meaning: "a bug in this program" },
  denied: { code: 77, meaning: "a permission or credentials are missing" },
  config: {
    code: 78,
    meaning: "the configuration is wrong: a setting, a file or a plugin",
  },
  interrupted: { code: 130, meaning: "stopped by SIGINT, after cleaning up; by a third signal at once" },
  terminated: {
    code: 143,
    meaning: "ended by SIGTERM before it was done; `start` only at once by a third signal, with nothing cleaned up",
  },
};

/** The number of a reason. */
export const exitCode = (reason: ExitReason): number => EXIT_CODES[reason].code;

/** The table as lines of text, for help and documentation. */
export const describeExitCodes = (): readonly string[] =>
  Object.values(EXIT_CODES).map(({ code, meaning }) => `${String(code).padStart(3)}  ${meaning}`);
