import { Command } from "@oclif/core";
import { CliError } from "./cli-error.ts";
import { type ErrorReport, reportError } from "./error-report.ts";
import { assertKnownFlags, type FlagShape } from "./known-flags.ts";

/** Version of every JSON document that a command prints; raised when a field changes its meaning or goes. */
export const SCHEMA_VERSION = 1;

/** What every command of this program has in common: `--json`, one way to fail, warnings on stderr. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** Refuses flags that do not exist before anything else happens. */
  protected override async init(): Promise<void> {
    await super.init();
    const flags = (await this.knownFlags()) as Record<string, FlagShape>;
    assertKnownFlags(this.argv, { ...flags, json: { type: "boolean" } });
  }

  /** The flags of this command by name, where they are more than the static ones. */
  protected async knownFlags(): Promise<object> {
    return this.ctor.flags;
  }

  /** Says something to the user that is no result: to stderr, also with `--json`. */
  protected say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** With `--json` the error is the document; otherwise `main` prints it. The exit code is that of the one table either way. */
  protected override async catch(reason: Error): Promise<void> {
    const report = reportError(reason);
    const error = isForeign(reason, report)
      ? new CliError("internal", `${reason.message}; this is a bug, please report it`, { cause: reason })
      : reason;
    if (!this.jsonEnabled()) throw error;
    const { exitCode, ...rest } = reportError(error);
    process.exitCode = exitCode;
    this.logJson({ schemaVersion: SCHEMA_VERSION, error: { ...rest, exitCode } });
  }

  // The default would print the whole parser input and configuration, home folder included.
  protected override toErrorJson(reason: unknown): { readonly schemaVersion: number; readonly error: ErrorReport } {
    return { schemaVersion: SCHEMA_VERSION, error: reportError(reason) };
  }
}

/** Nobody threw this on purpose: neither a class of ours nor oclif, which marks its errors with an exit code. */
const isForeign = (reason: unknown, report: ErrorReport): boolean =>
  report.code === "failure" && !(typeof reason === "object" && reason !== null && "oclif" in reason);
