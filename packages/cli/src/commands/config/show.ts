import { Flags } from "@oclif/core";
import { SCHEMA_VERSION } from "../../base-command.ts";
import { BUNDLED_OPTIONS } from "../../options/bundled-options.ts";
import { makeFlags } from "../../options/flags.ts";
import type { OptionValue } from "../../options/option.ts";
import { checkProfileSettings } from "../../options/profiles.ts";
import type { Origin } from "../../options/resolve-options.ts";
import { formatValue, shownOrigin, shownSettings, shownValue } from "../../options/show-value.ts";
import { StartCommand } from "../../start-command.ts";

/** What `config show --json` prints. */
export interface ShownConfig {
  readonly schemaVersion: number;
  readonly options: Readonly<Record<string, { readonly value: OptionValue; readonly origin: Origin }>>;
  /** Named resource profiles, see docs/configuration.md. */
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
    ...makeFlags(BUNDLED_OPTIONS),
  };

  async run(): Promise<ShownConfig> {
    const { resolved, plugins, flags } = await this.readOptions();
    const { options, undecided, profiles } = resolved;
    const backend = plugins.registry.backends.find(({ name }) => name === options.get("backend")?.value);
    if (backend !== undefined) checkProfileSettings(profiles, backend);
    const rows = [...options.values()].map((row) => ({
      name: row.option.name,
      text: formatValue(shownValue(row)),
      origin: shownOrigin(row.origin),
    }));
    for (const { name, defaultText } of undecided)
      if (defaultText !== undefined) rows.push({ name, text: `(${defaultText})`, origin: "default" });
    rows.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, text, origin } of rows)
      this.log(`${name} = ${text}${flags["origin"] === true ? `  # ${origin}` : ""}`);
    for (const { name, slots, capabilities, settings } of profiles) {
      const more = Object.entries(shownSettings(settings)).map(([key, value]) => `${key} ${String(value)}`);
      this.log([`profile ${name}: ${slots} slots ${formatValue(capabilities)}`.trimEnd(), ...more].join(", "));
    }
    return {
      schemaVersion: SCHEMA_VERSION,
      options: Object.fromEntries(
        [...options].map(([name, row]) => [name, { value: shownValue(row), origin: row.origin }]),
      ),
      profiles: profiles.map((profile) => ({ ...profile, settings: shownSettings(profile.settings) })),
    };
  }
}
