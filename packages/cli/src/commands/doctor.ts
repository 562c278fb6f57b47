import { Flags } from "@oclif/core";
import { SCHEMA_VERSION } from "../base-command.ts";
import { isCliError } from "../cli-error.ts";
import { describeExitCodes } from "../exit-codes.ts";
import { BUNDLED_OPTIONS } from "../options/bundled-options.ts";
import { makeFlags } from "../options/flags.ts";
import { StartCommand } from "../start-command.ts";

/** What `doctor --json` prints. */
export interface DoctorReport {
  readonly schemaVersion: number;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly summary: object;
  readonly lines: readonly object[];
  /** The command to go on with. */
  readonly next: string;
}

export default class Doctor extends StartCommand {
  static override summary = "Say what is wrong before anything is started.";
  static override description =
    `Takes the flags of \`start\`, and reads the same variables and files. Looks at everything that \`start\` and its tasks need, one line each: what is so, and how to mend what is not. Starts nothing; what it writes as a probe it removes.

Without a fault it ends with 0; with faults of one kind only (settings 78, permissions 77, reachability 69) with that kind's code, else with 1. Warnings do not count.

EXIT CODES
${describeExitCodes().join("\n")}`;
  static override usage = "doctor [SCHEDULER_ADDRESS] [--provision] [--json] [FLAGS OF start]";
  static override examples = [
    "<%= config.bin %> doctor -q my-queue -d my-job --s3-bucket my-bucket tcp://10.0.0.5:8516",
    "<%= config.bin %> doctor --config cluster.toml --json",
    "<%= config.bin %> doctor --provision",
  ];
  static override flags = {
    provision: Flags.boolean({
      summary:
        "Look at what `provision` needs instead, with its defaults, in an account in which nothing of ours is yet: of its flags only --aws-region counts here.",
    }),
    ...makeFlags(BUNDLED_OPTIONS),
  };

  /** Warnings are lines of the report here. */
  protected override say(_line: string): void {}

  async run(): Promise<DoctorReport> {
    const { runDoctor } = await import("../doctor/run-doctor.ts");
    const settings = await this.#settings();
    const purpose = this.argv.includes("--provision") ? "provision" : "start";
    const { next, ...diagnosis } = await runDoctor({
      ...{ settings, purpose, plugins: this.plugins, argv: this.argv },
      out: (line) => this.log(line),
    });
    process.exitCode = diagnosis.exitCode;
    return { schemaVersion: SCHEMA_VERSION, ...diagnosis, next };
  }

  /** Settings, or what is wrong with them. A wrong command line is an error as everywhere. */
  async #settings() {
    const { findingsOf } = await import("../doctor/failed-check.ts");
    try {
      return (await this.readOptions()).resolved;
    } catch (reason) {
      if (isCliError(reason) && reason.code === "config") return findingsOf(reason);
      throw reason;
    }
  }
}
