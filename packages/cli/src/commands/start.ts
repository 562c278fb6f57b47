import { SCHEMA_VERSION } from "../base-command.ts";
import { describeExitCodes } from "../exit-codes.ts";
import { BUNDLED_OPTIONS } from "../options/bundled-options.ts";
import { makeFlags } from "../options/flags.ts";
import { type StartSummary, startManager } from "../start/start-manager.ts";
import { StartCommand } from "../start-command.ts";

export default class Start extends StartCommand {
  static override summary = "Take tasks from a scheduler and run them, until told to stop.";
  static override description =
    `Flags come before environment variables (SCALER_AWS_HPC_ and the flag's name in capitals), before files, before defaults; \`config show --origin\` tells which counts. Plugins bring flags of their own, see \`plugins\`.

SIGTERM and SIGINT finish what runs and leave; a second one stops at once. --on-exit says what becomes of jobs elsewhere that still run.

EXIT CODES
${describeExitCodes().join("\n")}`;
  static override usage = "start [SCHEDULER_ADDRESS] [FLAGS]";
  static override examples = [
    "<%= config.bin %> start -q my-queue -d my-job --s3-bucket my-bucket tcp://10.0.0.5:8516",
    "<%= config.bin %> start --backend local tcp://127.0.0.1:8516",
    "<%= config.bin %> start --config cluster.toml",
  ];
  static override flags = makeFlags(BUNDLED_OPTIONS);

  async run(): Promise<StartSummary & { readonly schemaVersion: number }> {
    const { resolved, plugins } = await this.readOptions();
    const summary = await startManager(resolved, plugins.registry);
    process.exitCode = summary.exitCode;
    return { schemaVersion: SCHEMA_VERSION, ...summary };
  }
}
