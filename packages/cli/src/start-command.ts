import { Args } from "@oclif/core";
import { BaseCommand } from "./base-command.ts";
import { CliError } from "./cli-error.ts";
import { makeFlags } from "./options/flags.ts";
import type { Option } from "./options/option.ts";
import { resolveStartOptions, type StartOptions, startOptions } from "./options/start-options.ts";
import { installedPlugins, namedPluginFolders } from "./plugins/installed-plugins.ts";
import { brokenLine, type LoadedPlugins } from "./plugins/load-plugins.ts";

/** Settings, and what else the command line says. */
export interface ReadOptions {
  readonly resolved: StartOptions;
  readonly plugins: LoadedPlugins;
  /** As oclif parsed them. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** What `start` and `config show` have in common: the same options, from the same places. */
export abstract class StartCommand extends BaseCommand {
  static override args = {
    scheduler_address: Args.string({ description: "Address of the scheduler, as tcp://HOST:PORT." }),
  };

  #plugins: LoadedPlugins | undefined;
  #options: readonly Option[] = [];

  protected override async knownFlags(): Promise<object> {
    const plugins = await installedPlugins(this.config, namedPluginFolders(this.argv, process.env));
    for (const plugin of plugins.broken) this.say(brokenLine(plugin));
    this.#plugins = plugins;
    this.#options = startOptions(plugins);
    return { ...this.ctor.flags, ...makeFlags(this.#options) };
  }

  /** What was loaded before flags were read. */
  protected get plugins(): LoadedPlugins {
    if (this.#plugins === undefined) throw new CliError("internal", "options were read before plugins were loaded");
    return this.#plugins;
  }

  /** Reads the command line, the environment and files. Warnings go to stderr. */
  protected async readOptions(): Promise<ReadOptions> {
    const flags = { ...this.ctor.flags, ...makeFlags(this.#options) };
    const parsed = await this.parse({ flags, args: StartCommand.args, enableJsonFlag: true });
    const { scheduler_address: positional } = parsed.args;
    if (positional !== undefined && parsed.flags["scheduler-address"] !== undefined) {
      const text =
        "the scheduler's address was given twice: expected --scheduler-address or the first argument, got both";
      throw new CliError("usage", text);
    }
    const resolved = await resolveStartOptions(this.#options, {
      flags: parsed.flags,
      positional,
      environment: process.env,
      workingFolder: process.cwd(),
      configFolder: this.config.configDir,
    });
    for (const warning of resolved.warnings) this.say(`warning: ${warning}`);
    return { resolved, plugins: this.plugins, flags: parsed.flags };
  }
}
