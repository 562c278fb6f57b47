import { Flags } from "@oclif/core";
import { SCHEMA_VERSION } from "../../base-command.ts";
import { makeFlags } from "../../options/flags.ts";
import type { OptionValue } from "../../options/option.ts";
import type { Origin } from "../../options/resolve-options.ts";
import { formatValue, shownOrigin, shownValue } from "../../options/show-value.ts";
import { OPTIONS } from "../../options/table.ts";
import { StartCommand } from "../../start-command.ts";

/** What `config show --json` prints. */
export interface ShownConfig {
  readonly schemaVersion: number;
  readonly options: Readonly<Record<string, { readonly value: OptionValue; readonly origin: Origin }>>;
  /** Named resource profiles, see docs/cli.md. */
  readonly profiles: readonly object[];
}

export default class ConfigShow extends StartCommand {
  static override summary = "Show the settings that `start` would run with.";
  static override description =
    `Takes the flags of \`start\`, and reads the same variables and files. Secrets are masked.`;
  static override usage = "config show [SCHEDULER_ADDRESS] [--origin] [--json] [FLAGS OF start]";
  static override examples = [
    "<%= config.bin %> config show --origin",
    "<%= config.bin %> config show --config cluster.toml --json",
  ];
  static override flags = {
    origin: Flags.boolean({ summary: "Print where each value came from." }),
    ...makeFlags(OPTIONS),
  };

  async run(): Promise<ShownConfig> {
    const { resolved } = await this.readOptions();
    const withOrigin = this.argv.includes("--origin");
    const rows = [...resolved.options.values()].sort((a, b) => (a.option.name < b.option.name ? -1 : 1));
    for (const row of rows) {
      const origin = withOrigin ? `  # ${shownOrigin(row.origin)}` : "";
      this.log(`${row.option.name} = ${formatValue(shownValue(row))}${origin}`);
    }
    for (const { name, slots, capabilities } of resolved.profiles)
      this.log(`profile ${name}: ${slots} slots ${formatValue(capabilities)}`.trimEnd());
    const options = Object.fromEntries(
      rows.map((row) => [row.option.name, { value: shownValue(row), origin: row.origin }]),
    );
    return { schemaVersion: SCHEMA_VERSION, options, profiles: resolved.profiles };
  }
}
